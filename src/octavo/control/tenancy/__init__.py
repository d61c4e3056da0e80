"""Organizations: the tenants of this server."""
