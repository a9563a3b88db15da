"""Connections, pools, migrations and what else concerns the database as a whole."""
