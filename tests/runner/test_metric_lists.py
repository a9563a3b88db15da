"""The first metrics of executions, task runs and attempts equal the beginning of all metrics."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from models.ids import new_id
from runner.store.artifacts.measures import MetricRow, store_once
from runner.store.artifacts.metric_lists import (
    MetricsOf,
    first_of_each,
    first_of_executions,
    last_until,
)
from runner.store.postgres.database import Database
from tests.runner.stored import NOW

EXECUTIONS = [new_id() for _ in range(3)]
TASK_RUNS = [new_id() for _ in range(3)]


class Measured(NamedTuple):
    execution: UUID
    task_run: UUID
    attempt: int
    name: str
    at: datetime
    row: MetricRow


@pytest.fixture
async def measured(database: Database) -> list[Measured]:
    """Stores metrics of two executions; those with equal times are stored in another order."""
    made = []
    kinds = product(EXECUTIONS[:2], TASK_RUNS, (1, 2), ("loss", "auc"), range(4))
    for number, (execution, task_run, attempt, name, step) in enumerate(kinds):
        at = NOW + timedelta(seconds=(number * 7 % 11) // 2)
        row = MetricRow(
            execution_id=execution,
            id=new_id(),
            task_run_id=task_run,
            path=f"t{TASK_RUNS.index(task_run)}",
            attempt=attempt,
            name=name,
            value=number,
            kind="GAUGE",
            step=step,
            tags={},
            at=at,
        )
        made.append(Measured(execution, task_run, attempt, name, at, row))
    async with database.pool.acquire() as connection:
        await store_once(connection, [one.row for one in made])
    return sorted(made, key=lambda one: (one.at, one.row.id))


def values(rows: Any) -> list[float]:
    return [row["value"] for row in rows]


@pytest.mark.parametrize("first", [1, 5, 1_000])
async def test_metrics_of_executions(
    database: Database, measured: list[Measured], first: int
) -> None:
    until = NOW + timedelta(seconds=2)
    wanted = [
        MetricsOf(execution, moment, task_run, name)
        for execution, moment, task_run, name in product(
            EXECUTIONS, (None, until), (None, TASK_RUNS[1]), (None, "auc")
        )
    ]
    found = await first_of_executions(database.pool, first, wanted)
    for one, rows in zip(wanted, found, strict=True):
        expected = [
            each.row.value
            for each in measured
            if each.execution == one.execution_id
            and (one.until is None or each.at <= one.until)
            and one.task_run_id in (None, each.task_run)
            and one.name in (None, each.name)
        ]
        assert values(rows) == expected[:first]


@pytest.mark.parametrize("by_attempt", [False, True])
@pytest.mark.parametrize("first", [1, 5, 1_000])
async def test_metrics_of_each_task_run_or_attempt(
    database: Database, measured: list[Measured], first: int, by_attempt: bool
) -> None:
    wanted = list(product(EXECUTIONS, (None, NOW + timedelta(seconds=2))))
    found = await first_of_each(database.pool, first, by_attempt, wanted)
    for (execution, until), grouped in zip(wanted, found, strict=True):
        expected: dict[Any, list[float]] = {}
        for each in measured:
            if each.execution == execution and (until is None or each.at <= until):
                key = (each.task_run, each.attempt if by_attempt else None)
                expected.setdefault(key, []).append(each.row.value)
        assert {key: values(rows) for key, rows in grouped.items()} == {
            key: some[:first] for key, some in expected.items()
        }


async def test_the_last_of_each_name_until_a_moment(
    database: Database, measured: list[Measured]
) -> None:
    wanted = [(execution, NOW + timedelta(seconds=2)) for execution in EXECUTIONS]
    found = await last_until(database.pool, wanted)
    for (execution, until), last in zip(wanted, found, strict=True):
        before = [one for one in measured if one.execution == execution and one.at <= until]
        before.sort(key=lambda one: (one.at, one.row.step, one.row.id))
        assert last == {one.name: one.row.value for one in before}
