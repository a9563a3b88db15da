"""Types of flows, schedules and secrets."""
