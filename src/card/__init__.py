"""The card of a model: what it is for, how good it is, what it goes by, and where it fails."""
