"""A report of the benchmark."""
