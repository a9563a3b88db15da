"""The state of a live list or inbox in relation to the tables."""

from enum import Enum, auto


class Freshness(Enum):
    """A change that arrives while the rows are read may be in them or not; one that is STALE is read again anyway."""

    REFRESHING = auto()
    CURRENT = auto()
    STALE = auto()
