"""Expressions that people try."""
