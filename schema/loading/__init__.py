"""Batched reads within one operation."""
