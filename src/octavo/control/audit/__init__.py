"""The list of what happened, read and proved."""
