"""Makes the `Create` command of an execution from a request, a schedule, a subflow task or an earlier execution."""
