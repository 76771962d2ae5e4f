"""From a file that somebody has to a first YAML of a dataset: dialect, types, roles, leaks."""
