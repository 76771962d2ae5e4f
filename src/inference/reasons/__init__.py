"""Why an answer is what it is: what each feature adds, joined by cause, and in words."""
