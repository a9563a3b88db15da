"""Reads, writes and deletes the rows of executions."""
