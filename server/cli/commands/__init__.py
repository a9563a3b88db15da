"""The commands of `headway`."""
