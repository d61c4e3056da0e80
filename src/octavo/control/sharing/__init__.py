"""Sharing: links by which people without a place in the organization fetch the file of one run."""
