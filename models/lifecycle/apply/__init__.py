"""Applies events to a snapshot: the only way that it changes."""
