"""Artifacts and their lineage."""
