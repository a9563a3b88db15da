"""Secrets of namespaces."""
