"""Webhooks: servers of an organization that are told what happened."""
