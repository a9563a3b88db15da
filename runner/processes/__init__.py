"""Processes of tasks: starts them in a session of their own, finds all their descendants, and ends them together."""
