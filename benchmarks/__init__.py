"""Octavo side by side with what a user would pick instead: the same rows, one machine, one run, ratios."""
