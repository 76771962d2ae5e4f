"""The rows of a training: the file's and the labels', whose they are, and how they are kept."""
