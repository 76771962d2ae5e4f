"""The main loop of a worker: what it reads, whom it answers itself, how it sends and ends."""
