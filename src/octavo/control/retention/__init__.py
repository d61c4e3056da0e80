"""Retention: how long files are kept, the archive after that, legal hold, and what is left of a run at last."""
