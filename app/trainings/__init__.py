"""Trainings on request and by rule: from labels to a version."""
