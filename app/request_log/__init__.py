"""Every request and its answer, stored before it is sent, and read back."""
