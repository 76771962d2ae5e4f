"""The description of the API, assembled from what the rooms declare."""
