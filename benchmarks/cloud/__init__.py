"""What the cloud design costs: its figures, its prices, and how they are put together."""
