"""Queries and mutations of secrets."""
