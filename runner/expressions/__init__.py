"""Evaluates the expressions of flows, in a process of its own."""
