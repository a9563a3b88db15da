"""Queries and mutations of bulk actions."""
