"""Executions compared and counted."""
