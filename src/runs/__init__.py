"""A training from its request to its bundle, and where runs are kept."""
