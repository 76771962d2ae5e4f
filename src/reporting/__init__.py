"""What a retraining changed, for people and for what called it."""
