"""Whether a fresh version is to serve, and which labels it failed by."""
