"""Filters, orders, bounds and windows of lists."""
