"""Queries of artifacts and their lineage."""
