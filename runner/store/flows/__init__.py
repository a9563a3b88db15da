"""Flows, their revisions and schedules."""
