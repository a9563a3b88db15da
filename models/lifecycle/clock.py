"""The time of an execution: while it is paused or waits for people it stands."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """What counts against timeouts: the seconds `used` before `since`, and those since then. It never goes back; the
    execution's own timeout counts from `zero`, the seconds used when it was last put back to run."""

    used: float = 0.0
    since: datetime | None = None
    zero: float = 0.0

    def at(self, moment: datetime) -> float:
        running = (moment - self.since).total_seconds() if self.since else 0.0
        return self.used + max(0.0, running)

    def stopped(self, moment: datetime) -> "Clock":
        return Clock(self.at(moment), None, self.zero)

    def going(self, moment: datetime) -> "Clock":
        return self if self.since else Clock(self.used, moment, self.zero)

    def anew(self, moment: datetime) -> "Clock":
        return Clock(self.at(moment), moment, self.at(moment))
