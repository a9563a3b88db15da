"""Executions: what is done with them, and how they are followed."""
