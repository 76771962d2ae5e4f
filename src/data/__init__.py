"""What a dataset is: its schema, its source, its faults and its parts."""
