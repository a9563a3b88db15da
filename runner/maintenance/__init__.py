"""Background loops (deferred commands, schedules, lost workers, retention, tables), and the check of invariants."""
