"""Debugging of expressions."""
