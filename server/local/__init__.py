"""What `serve` keeps in its data directory: PostgreSQL, keys, the lock."""
