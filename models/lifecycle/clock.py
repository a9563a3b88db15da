"""The time of an execution: while it is paused or waits for people it stands."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """The time that counts against timeouts: the seconds `used` before `since`, and those since then. It never goes
    back; the execution's own timeout counts from `zero`, the seconds used when it was last put back to run.

    `held` is the reading since which a child is paused or waits for a person: from there on nothing counts against the
    execution's own timeout, though the clock goes on for its other task runs.

    `idle` are the seconds between its ends and the starts after them, which are no part of how long it took;
    `idle_since` is the end before, while it is put back and has not started again."""

    used: float = 0.0
    since: datetime | None = None
    zero: float = 0.0
    idle: float = 0.0
    idle_since: datetime | None = None
    held: float | None = None

    def at(self, moment: datetime) -> float:
        running = (moment - self.since).total_seconds() if self.since else 0.0
        return self.used + max(0.0, running)

    def stopped(self, moment: datetime) -> "Stopwatch":
        return replace(self, used=self.at(moment), since=None)

    def going(self, moment: datetime) -> "Stopwatch":
        return self if self.since else replace(self, since=moment)

    def anew(self, moment: datetime) -> "Stopwatch":
        now = self.at(moment)
        held = None if self.held is None else now
        return replace(self, used=now, since=moment, zero=now, held=held)

    def counted(self, moment: datetime) -> float:
        """Seconds that count against the execution's own timeout."""
        return (self.at(moment) if self.held is None else self.held) - self.zero

    def hold(self, moment: datetime) -> "Stopwatch":
        return self if self.held is not None else replace(self, held=self.at(moment))

    def release(self, moment: datetime) -> "Stopwatch":
        if self.held is None:
            return self
        return replace(self, zero=self.zero + self.at(moment) - self.held, held=None)

    def put_back(self, ended: datetime) -> "Stopwatch":
        """After an end: until it starts again it only waits."""
        return replace(self, idle_since=ended)

    def rested(self, moment: datetime) -> "Stopwatch":
        if self.idle_since is None:
            return self
        waited = max(0.0, (moment - self.idle_since).total_seconds())
        return replace(self, idle=self.idle + waited, idle_since=None)
