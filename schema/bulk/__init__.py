"""One action on many executions."""
