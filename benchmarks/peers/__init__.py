"""What `python -m benchmarks.serving` starts and loads: the service and its peers."""
