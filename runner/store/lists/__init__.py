"""Executions in lists: pages, orders, counts, statistics."""
