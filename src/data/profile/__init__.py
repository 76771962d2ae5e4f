"""What is in a dataset, counted for those who explore."""
