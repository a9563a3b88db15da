"""The database's time, estimated by a process without a query: the clock of its own machine may be wrong or jump."""

from datetime import UTC, datetime, timedelta
from time import monotonic

_TOLERATED_SECONDS = 2
"""The largest difference between synchronised machines."""


class DatabaseClock:
    """The last time read from the database, plus the time since then by the monotonic clock."""

    def __init__(self) -> None:
        self.set(datetime.now(UTC))

    def set(self, now: datetime) -> None:
        """Thread-safe: readers see both values of one call."""
        self._read = (now, monotonic())

    def now(self) -> datetime:
        read, at = self._read
        return read + timedelta(seconds=monotonic() - at)


def ahead_of_this_machine(now: datetime) -> int:
    """Returns by how many milliseconds the database's clock is ahead, rounded to whole seconds so that consecutive ids
    stay in order; 0 between synchronised machines."""
    seconds = round((now - datetime.now(UTC)).total_seconds())
    return 0 if abs(seconds) < _TOLERATED_SECONDS else seconds * 1000
