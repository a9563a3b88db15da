"""Pauses in proportion to work: repeated reads of something large leave most of the event loop to other work."""

from typing import Final

_TIMES: Final = 4
"""The pause is this many times the duration of the work, so that the work takes a fifth of the loop at most."""
_LONGEST: Final = 2.0


def cooldown(busy: float, least: float) -> float:
    """Returns the seconds to pause after work that took `busy` seconds of this thread, at least `least`."""
    return min(max(least, _TIMES * busy), _LONGEST)
