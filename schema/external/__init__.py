"""Executions that ran elsewhere."""
