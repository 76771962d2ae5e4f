"""Background threads: one follows changes, one removes old rows."""
