"""Scores and reasons of boosted trees, from their arrays alone."""
