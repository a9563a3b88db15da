"""The time of an execution: while it is paused or waits for people it stands."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """What counts against timeouts: the seconds `used` before `since`, and those since then. It never goes back; the
    execution's own timeout counts from `zero`, the seconds used when it was last put back to run.

    `idle` are the seconds between its ends and the starts after them, which are no part of how long it took;
    `idle_since` is the end before, while it is put back and has not started again."""

    used: float = 0.0
    since: datetime | None = None
    zero: float = 0.0
    idle: float = 0.0
    idle_since: datetime | None = None

    def at(self, moment: datetime) -> float:
        running = (moment - self.since).total_seconds() if self.since else 0.0
        return self.used + max(0.0, running)

    def stopped(self, moment: datetime) -> "Clock":
        return replace(self, used=self.at(moment), since=None)

    def going(self, moment: datetime) -> "Clock":
        return self if self.since else replace(self, since=moment)

    def anew(self, moment: datetime) -> "Clock":
        return replace(self, used=self.at(moment), since=moment, zero=self.at(moment))

    def put_back(self, ended: datetime) -> "Clock":
        """After an end: until it starts again it only waits."""
        return replace(self, idle_since=ended)

    def rested(self, moment: datetime) -> "Clock":
        if self.idle_since is None:
            return self
        waited = max(0.0, (moment - self.idle_since).total_seconds())
        return replace(self, idle=self.idle + waited, idle_since=None)
