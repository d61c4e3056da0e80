"""Packs that only tests see: a shop as a stranger would write it, and reports written inside a test."""
