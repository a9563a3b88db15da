"""The stopwatch of an execution: stopped while the execution is paused or waits for people."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Measures the time for timeouts: the seconds `used` before `since`, and those since then. The reading never
    decreases; the execution's own timeout counts from `zero`, the reading at the last retry or restart.

    `held` is the reading at which a child was paused or began to wait for a person: time after it does not count
    against the execution's own timeout, although the clock runs on for the other task runs.

    `idle` are the seconds between its ends and the restarts after them, excluded from its duration; `idle_since` is
    the last end, while the execution is restarted but has not started yet."""

    used: float = 0.0
    since: datetime | None = None
    zero: float = 0.0
    idle: float = 0.0
    idle_since: datetime | None = None
    held: float | None = None

    def at(self, moment: datetime) -> float:
        since = (moment - self.since).total_seconds() if self.since else 0.0
        return self.used + max(0.0, since)

    def stopped(self, moment: datetime) -> "Stopwatch":
        return replace(self, used=self.at(moment), since=None)

    def running(self, moment: datetime) -> "Stopwatch":
        return self if self.since else replace(self, since=moment)

    def with_full_timeout(self, moment: datetime) -> "Stopwatch":
        now = self.at(moment)
        held = None if self.held is None else now
        return replace(self, used=now, since=moment, zero=now, held=held)

    def counted(self, moment: datetime) -> float:
        """Returns the seconds that count against the execution's own timeout."""
        return (self.at(moment) if self.held is None else self.held) - self.zero

    def hold(self, moment: datetime) -> "Stopwatch":
        return self if self.held is not None else replace(self, held=self.at(moment))

    def release(self, moment: datetime) -> "Stopwatch":
        if self.held is None:
            return self
        return replace(self, zero=self.zero + self.at(moment) - self.held, held=None)

    def idle_from(self, ended: datetime) -> "Stopwatch":
        """For a restart: the time from the end to the next start is idle."""
        return replace(self, idle_since=ended)

    def idle_until(self, moment: datetime) -> "Stopwatch":
        if self.idle_since is None:
            return self
        waited = max(0.0, (moment - self.idle_since).total_seconds())
        return replace(self, idle=self.idle + waited, idle_since=None)
