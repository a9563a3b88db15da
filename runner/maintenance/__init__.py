"""The loops beside the engine: deferred commands, schedules, lost workers, retention, tables; and the invariants."""
