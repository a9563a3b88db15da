"""The database's clock, as a process knows it: that of its own machine may be wrong, and may jump."""

from datetime import UTC, datetime, timedelta
from time import monotonic

_OFTEN_WRONG = 2
"""Seconds by which machines that keep time differ at most."""


class DatabaseClock:
    """The time that the database said last, and the time since by a clock that does not jump."""

    def __init__(self) -> None:
        self.told(datetime.now(UTC))

    def told(self, now: datetime) -> None:
        """May be called by any thread: whoever reads the clock sees both values of one call."""
        self._told = (now, monotonic())

    def now(self) -> datetime:
        told, since = self._told
        return told + timedelta(seconds=monotonic() - since)


def ahead_of_this_machine(now: datetime) -> int:
    """Milliseconds by which the database's clock is ahead, in whole seconds: ids made one after the other stay in
    their order. None between machines that keep time."""
    seconds = round((now - datetime.now(UTC)).total_seconds())
    return 0 if abs(seconds) < _OFTEN_WRONG else seconds * 1000
