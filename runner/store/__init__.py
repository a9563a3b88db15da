"""SQL. Decides nothing and waits for no notification."""
