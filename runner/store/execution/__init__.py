"""Rows of one execution: read, written and removed."""
