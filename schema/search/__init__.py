"""Facets and saved filters."""
