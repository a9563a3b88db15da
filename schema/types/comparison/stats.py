"""Statistics of executions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import strawberry

from models.states import ExecutionState
from models.statistics.buckets import Bucket
from runner.store.lists.stats import Stats, Tally
from schema.types.paging import Count, Paging


@strawberry.type
class DurationStats:
    p50: float
    p95: float
    count: int

    @classmethod
    def of(cls, tally: Tally) -> Self:
        assert tally.p50 is not None and tally.p95 is not None
        return cls(p50=tally.p50, p95=tally.p95, count=tally.total)


@strawberry.type
class TaskDuration:
    key: str
    p50: float
    count: int


@strawberry.type
class StateCount:
    state: ExecutionState
    count: Count


@strawberry.type
class _Numbers:
    total: int
    ended: int
    succeeded: int
    failed: int
    success_rate: float | None
    failure_rate: float | None
    average_duration: float | None
    p50_duration: float | None
    p95_duration: float | None


@strawberry.type
class StatsBucket(_Numbers):
    start: datetime
    end: datetime


@strawberry.type
class FlowStats(_Numbers):
    namespace: str
    flow_key: str


@strawberry.type
class KindStats(_Numbers):
    kind: str


@strawberry.type
class ExecutionStats(_Numbers):
    stats: strawberry.Private[Stats]
    since: datetime
    until: datetime
    states: list[StateCount]
    buckets: list[StatsBucket]

    @classmethod
    def of(
        cls, stats: Stats, since: datetime, until: datetime, bucket: Bucket, starts: list[datetime]
    ) -> Self:
        return cls(
            stats=stats,
            since=since,
            until=until,
            states=state_counts({state: (number, True) for state, number in stats.states.items()}),
            buckets=[
                StatsBucket(
                    start=start,
                    end=start + bucket.width,
                    **_numbers(stats.buckets.get(start, Tally())),
                )
                for start in starts
            ],
            **_numbers(stats.whole),
        )

    @strawberry.field
    def flows(self, first: int | None = None) -> list[FlowStats]:
        size = Paging.of(first).size
        return [
            FlowStats(namespace=namespace, flow_key=key, **_numbers(tally))
            for (namespace, key), tally in list(self.stats.flows.items())[:size]
        ]

    @strawberry.field
    def kinds(self, first: int | None = None) -> list[KindStats]:
        size = Paging.of(first).size
        return [
            KindStats(kind=kind, **_numbers(tally))
            for kind, tally in list(self.stats.kinds.items())[:size]
        ]


@strawberry.type
class HistogramBar:
    start: datetime
    end: datetime
    states: list[StateCount]
    total: int

    @classmethod
    def of(cls, start: datetime, end: datetime, counted: Mapping[ExecutionState, int]) -> Self:
        states = state_counts({state: (number, True) for state, number in counted.items()})
        return cls(start=start, end=end, states=states, total=sum(counted.values()))


@strawberry.type
class LiveStats:
    at: datetime
    total: Count
    states: list[StateCount]

    @classmethod
    def of(cls, counted: Mapping[ExecutionState, tuple[int, bool]], at: datetime) -> Self:
        total = sum(number for number, _ in counted.values())
        exact = all(exact for _, exact in counted.values())
        return cls(at=at, total=Count(value=total, exact=exact), states=state_counts(counted))


def state_counts(counted: Mapping[ExecutionState, tuple[int, bool]]) -> list[StateCount]:
    """Returns the states that occur, in the order of the lifecycle."""
    return [
        StateCount(state=state, count=Count(value=counted[state][0], exact=counted[state][1]))
        for state in ExecutionState
        if state in counted
    ]


def _numbers(tally: Tally) -> dict[str, Any]:
    return {
        "total": tally.total,
        "ended": tally.ended,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "success_rate": tally.succeeded / tally.ended if tally.ended else None,
        "failure_rate": tally.failed / tally.ended if tally.ended else None,
        "average_duration": tally.average,
        "p50_duration": tally.p50,
        "p95_duration": tally.p95,
    }
