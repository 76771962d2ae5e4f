"""What every part shares: errors, checked structs, files, processes, tables."""
