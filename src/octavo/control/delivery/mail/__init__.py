"""Mails: how they read (letter, templates) and how they are handed to a server (relay)."""
