"""Deletes executions by retention rules."""
