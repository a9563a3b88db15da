"""Artifacts, metrics and files."""
