"""The data directory of `serve`: PostgreSQL, keys, the lock."""
