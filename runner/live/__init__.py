"""Live queries and streams: finds the lists that a change affects, and follows executions and logs."""
