"""Labels: posted, listed, deleted, given to predictions, suggested."""
