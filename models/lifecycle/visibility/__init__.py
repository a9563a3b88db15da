"""The part of an execution that a viewer may see, and the actions that a viewer may take."""
