"""Copies of frozen dataclasses with other values."""

import dataclasses
from typing import TYPE_CHECKING

__all__ = ["copy_with"]

if TYPE_CHECKING:
    from dataclasses import replace as copy_with
else:

    def copy_with(old, **changes):
        """`dataclasses.replace`, ten times as fast for large snapshots, and without `__post_init__`."""
        if not hasattr(old, "__dict__"):
            return dataclasses.replace(old, **changes)
        new = object.__new__(type(old))
        new.__dict__.update(old.__dict__, **changes)
        return new
