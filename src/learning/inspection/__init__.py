"""What is looked for before a model is trusted: leaks, shifts, groups, broken promises."""
