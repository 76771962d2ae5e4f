"""Background threads: one follows changes, one removes old rows and looks for damage."""
