"""Reads the past: an execution at a point in time, lineage and dependencies. Writes nothing."""
