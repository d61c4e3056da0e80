"""A pack for the benchmarks: invoice lines of twelve columns."""
