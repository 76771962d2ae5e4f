"""Datasets as conf/ has them: what they are, how they are described, what of them is hidden."""
