"""The first page: what is at work, what failed, what waits for me, what is due next."""
