"""Builds the `Create` command for an execution from a request, a schedule, a subflow task or an earlier execution."""
