"""Comparisons and statistics of executions."""
