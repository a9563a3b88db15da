"""Queries and mutations of flows."""
