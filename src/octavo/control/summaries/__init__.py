"""Summaries: the figures of a report, without a file."""
