"""The processes: `serve`, `worker` and their parts, from start to stop."""
