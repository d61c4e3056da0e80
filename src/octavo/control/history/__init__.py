"""The pages of what was made: the list of runs, and each run with its progress, its file, its seal, and where it went."""
