"""The server under load: what it serves, to whom, what a user would pick instead, and how long everybody waits."""
