"""Live queries and streams: finds what a change concerns, and follows executions and logs."""
