"""Exports: datasets that leave the house, and who let them out."""
