"""Reads executions at a point in time, lineage and dependencies. Writes nothing."""
