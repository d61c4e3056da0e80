"""A pack of tests: any organization may run it, and it reads no tables."""
