"""Runs: reports on their way to a file, from the request to the sealed artefact."""
