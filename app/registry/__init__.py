"""Versions of models: which there are, which may serve, which serves."""
