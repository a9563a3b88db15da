"""Queries and mutations of schedules and backfills."""
