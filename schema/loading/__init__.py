"""Batched reads of one operation."""
