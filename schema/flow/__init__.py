"""Flows: saved, changed, deleted and tested."""
