"""Rests between looks at one thing, so that those who look at something large leave the event loop to others."""

from typing import Final

_TIMES: Final = 4
"""So often as long as a look took comes the rest after it: looks hold a fifth of the loop at most."""
_LONGEST: Final = 2.0


def cooldown(busy: float, least: float) -> float:
    """Seconds between a look that kept the thread `busy` for so long and the next, `least` at the least. Of something
    large a look is long, and it may change with every one."""
    return min(max(least, _TIMES * busy), _LONGEST)
