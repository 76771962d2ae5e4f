"""Trainings that the service was asked for: a job of its own process, from labels to a version."""
