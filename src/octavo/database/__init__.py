"""The only door to PostgreSQL: which server (embedded.py), who one is there (connection.py), what stands there (migrate.py)."""
