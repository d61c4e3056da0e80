"""A report of the shop."""
