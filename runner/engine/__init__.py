"""The engine: the only writer of execution state. Locks, decides and writes commands in one transaction."""
