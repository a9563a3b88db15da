"""Executions counted and compared."""
