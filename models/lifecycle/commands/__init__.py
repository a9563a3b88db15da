"""The commands that an execution takes."""
