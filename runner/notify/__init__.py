"""Notifies the processes of a change, over LISTEN/NOTIFY. A notification may be lost; the tables are the truth."""
