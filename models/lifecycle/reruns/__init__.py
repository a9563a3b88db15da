"""Retries, restarts and replays: what runs again, and what is reused."""
