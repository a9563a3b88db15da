"""Shared by all packages of runner: loops, the database clock, the event loop, encryption, outages."""
