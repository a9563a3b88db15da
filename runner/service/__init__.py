"""Needed by every room: loops, the database clock, the event loop, encryption, outages."""
