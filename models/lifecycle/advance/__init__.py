"""Applies the consequences of a change: tasks start, retry or end, and so does the execution."""
