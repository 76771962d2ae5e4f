"""Threads beside the answering: what follows changes, and what removes old rows."""
