"""A report of the mill."""
