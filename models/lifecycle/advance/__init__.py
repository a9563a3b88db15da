"""The consequences of a change: tasks start, retry or end, and the execution with them."""
