"""Counting executions over time, and comparing them."""
