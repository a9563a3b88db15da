"""Viewers, credentials, and rules for the hosts that tasks may reach."""
