"""Viewers, credentials, and hosts that tasks may reach."""
