"""Executions, their task runs and logs."""
