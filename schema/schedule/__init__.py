"""Schedules and backfills."""
