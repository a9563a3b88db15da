"""Evaluates the expressions of flows in a separate process."""
