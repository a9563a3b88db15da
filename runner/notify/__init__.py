"""Notifies all processes of changes, over LISTEN/NOTIFY. A notification may be lost; the tables are the truth."""
