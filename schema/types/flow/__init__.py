"""Flows, schedules and secrets."""
