"""The processes `serve` and `worker`, and their parts, from start to stop."""
