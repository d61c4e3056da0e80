"""The data path: how a run becomes a file. Start with run.py."""
