"""Isolates tasks from the server and from each other: chooses a way that this machine supports, and starts programs."""
