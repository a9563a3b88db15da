"""Statistics in SQL equal those in Python over the same rows."""

import importlib.util
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any
from uuid import UUID

import pytest

from models.access.viewer import Scope
from models.filters.filters import EVERYTHING
from models.ids import new_id
from models.search import parse_search
from models.states import ExecutionState
from models.statistics.buckets import Bucket, buckets_between
from runner.store.lists.listing import NEWEST, View, executions_page
from runner.store.lists.stats import Tally, counted_by_state, tallied
from runner.store.pages import COUNT_LIMIT
from runner.store.postgres.database import Database

EVERYONE = Scope()
SINCE = datetime(2026, 4, 1, 7, 30, tzinfo=UTC)
UNTIL = datetime(2026, 5, 20, tzinfo=UTC)
SEARCHES = [
    "",
    "state:failed",
    "warehouse",
    "label.team:data NOT flow:flow-3",
    "kind:train",
    "metric:loss>0.5",
]


@pytest.fixture
async def history(database: Database) -> list[UUID]:
    path = Path(__file__).parents[2] / "bench" / "seed.py"
    spec = importlib.util.spec_from_file_location("seed", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    async with database.pool.acquire() as connection:
        ids: list[UUID] = await module.seed(connection, 150, metrics=3)
        await connection.executemany(
            "update executions set kind = 'train', state = 'RUNNING', ended_at = null where id = $1",
            [(id,) for id in ids[::10]],
        )
        await connection.executemany(
            "update executions set started_at = null where id = $1", [(id,) for id in ids[::7]]
        )
    return ids


def quantile(values: list[float], share: float) -> float:
    """Interpolates like percentile_cont."""
    place = share * (len(values) - 1)
    low = values[int(place)]
    return low + (values[min(int(place) + 1, len(values) - 1)] - low) * (place - int(place))


def tally_of(rows: list[Any]) -> Tally:
    lasted = sorted(
        (row["ended_at"] - row["started_at"]).total_seconds()
        for row in rows
        if row["ended_at"] and row["started_at"]
    )
    states = Counter(row["state"] for row in rows)
    return Tally(
        total=len(rows),
        ended=len(rows) - states["RUNNING"],
        succeeded=states["SUCCESS"] + states["WARNING"] + states["CACHED"],
        failed=states["FAILED"] + states["ERROR"],
        average=pytest.approx(mean(lasted)) if lasted else None,  # type: ignore[arg-type]
        p50=pytest.approx(quantile(lasted, 0.5)) if lasted else None,  # type: ignore[arg-type]
        p95=pytest.approx(quantile(lasted, 0.95)) if lasted else None,  # type: ignore[arg-type]
    )


async def matching(database: Database, search: str, scope: Scope = EVERYONE) -> list[Any]:
    page = await executions_page(database.pool, scope, parse_search(search), View(200))
    return list(page.rows)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("bucket", [Bucket.HOUR, Bucket.DAY, Bucket.WEEK])
async def test_counts_rates_and_durations(
    database: Database, history: list[UUID], search: str, bucket: Bucket
) -> None:
    rows = [row for row in await matching(database, search) if SINCE <= row["created_at"] < UNTIL]
    found = await tallied(database.pool, EVERYONE, parse_search(search), SINCE, UNTIL, bucket)
    assert rows and found.whole == tally_of(rows)
    assert found.states == Counter(ExecutionState(row["state"]) for row in rows)
    for kept, key in (
        (found.flows, lambda row: (row["namespace"], row["flow_key"])),
        (found.kinds, lambda row: row["kind"]),
        (
            found.buckets,
            lambda row: buckets_between(
                row["created_at"], row["created_at"] + timedelta(microseconds=1), bucket
            )[0],
        ),
    ):
        assert kept == {
            one: tally_of([row for row in rows if key(row) == one]) for one in set(map(key, rows))
        }
    numbers = [tally.total for tally in found.flows.values()]
    assert numbers == sorted(numbers, reverse=True)


async def test_without_executions_there_are_no_rates(database: Database) -> None:
    found = await tallied(database.pool, EVERYONE, EVERYTHING, SINCE, UNTIL, Bucket.DAY)
    assert (found.whole, found.states, found.buckets) == (Tally(), {}, {})
    assert (found.flows, found.kinds) == ({}, {})
    assert await counted_by_state(database.pool, EVERYONE, EVERYTHING) == {}


@pytest.mark.parametrize("search", SEARCHES)
async def test_states_are_counted_as_they_are_now(
    database: Database, history: list[UUID], search: str
) -> None:
    for scope in (EVERYONE, Scope(("beta",)), Scope(())):
        rows = await matching(database, search, scope)
        counted = Counter(ExecutionState(row["state"]) for row in rows)
        found = await counted_by_state(database.pool, scope, parse_search(search))
        assert found == {state: (number, True) for state, number in counted.items()}


async def test_the_scope_holds(database: Database, history: list[UUID]) -> None:
    beta = Scope(("beta",))
    found = await tallied(database.pool, beta, EVERYTHING, SINCE, UNTIL, Bucket.DAY)
    assert found.flows and {namespace for namespace, _ in found.flows} == {"beta"}
    assert found.whole.total == sum(tally.total for tally in found.flows.values())
    nobody = await tallied(database.pool, Scope(()), EVERYTHING, SINCE, UNTIL, Bucket.DAY)
    assert nobody.whole == Tally()


async def test_counting_stops_at_ten_thousand_of_each_state(database: Database) -> None:
    states = ["SUCCESS"] * (COUNT_LIMIT + 5) + ["FAILED"] * 3
    await database.pool.executemany(
        """insert into executions (id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, created_at,
             ended_at) values ($1, 'a', 'b', 'flow', 'c', $2, 1, 1, 'user:a', now(), now())""",
        [(new_id(), state) for state in states],
    )
    assert await counted_by_state(database.pool, EVERYONE, EVERYTHING) == {
        ExecutionState.SUCCESS: (COUNT_LIMIT, False),
        ExecutionState.FAILED: (3, True),
    }
    named = await counted_by_state(database.pool, EVERYONE, parse_search("b"))
    assert sum(number for number, _ in named.values()) - COUNT_LIMIT in (0, 1)
    assert not any(exact for _, exact in named.values())
    assert await counted_by_state(database.pool, EVERYONE, parse_search("NOT metric:loss")) == {
        ExecutionState.SUCCESS: (NEWEST + 1 - 3, False),
        ExecutionState.FAILED: (3, False),
    }
    assert await counted_by_state(database.pool, EVERYONE, parse_search("metric:loss")) == {}
