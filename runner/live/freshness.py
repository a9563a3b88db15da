"""The state of a live list or inbox in relation to the tables."""

from enum import Enum, auto


class Freshness(Enum):
    """REFRESHING: the rows are being read, and a change that arrives meanwhile may be in them or not. STALE: the rows
    must be read again."""

    REFRESHING = auto()
    CURRENT = auto()
    STALE = auto()
