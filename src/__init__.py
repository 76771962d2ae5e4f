"""Turn raw data into answers that can be trusted, by configuration."""
