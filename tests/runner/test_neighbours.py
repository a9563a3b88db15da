"""Executions are compared with others of the same flow or recorded pipeline, and the same kind."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from models.access.viewer import Scope
from models.ids import id_of, new_id
from runner.store.execution import history
from runner.store.lists import stats
from runner.store.lists.alike import line_of
from runner.store.lists.neighbours import Side, anchor_of, neighbours, resolved_by
from runner.store.postgres.database import Database

BEGIN = datetime(2025, 5, 1, 12, tzinfo=UTC)
FLOW, OTHER_FLOW = new_id(), new_id()
SUBJECTS = {"a flow's": FLOW, "a recorded one": None}
_ROW = """
insert into executions (id, flow_id, namespace, flow_key, kind, name, state, seq, state_seq, created_by, origin,
                        created_at, started_at, ended_at, rerun_of)
values ($1, $2, $3, $4, $5, 'x', $6, 1, 1, 'user:a', $7, $8, $8, $9, $10)
"""
Facts = tuple[UUID | None, str, str, str]


async def store(
    database: Database, facts: Facts, hour: int, state: str, lasted: float, rerun_of: UUID | None
) -> UUID:
    flow, namespace, key, kind = facts
    at = BEGIN + timedelta(hours=hour)
    id, origin = id_of(at), "HEADWAY" if flow else "EXTERNAL"
    end = at + timedelta(seconds=lasted)
    await database.pool.execute(
        _ROW, id, flow, namespace, key, kind, state, origin, at, end, rerun_of
    )
    return id


async def compared(database: Database, subject: UUID) -> Mapping[str, Any]:
    """Returns the executions with which this one is compared."""
    everyone, pool = Scope(), database.pool
    row = (await history.executions_by_id(pool, everyone, [subject]))[subject]
    anchors = [anchor_of(row)]
    sides = {
        "previous": Side(newer=False),
        "next": Side(newer=True),
        "lastSuccess": Side(newer=False, successful=True),
    }
    found = {
        name: (await neighbours(pool, everyone, side, anchors))[0] for name, side in sides.items()
    }
    found["resolvedBy"] = (await resolved_by(pool, everyone, anchors))[0]
    line = line_of(row)
    tally = (await stats.usual_durations(pool, [line])).get(line)
    return {
        **{name: other and other["id"] for name, other in found.items()},
        "durationStats": tally and (tally.total, tally.p50, tally.p95),
    }


@pytest.mark.parametrize("flow", SUBJECTS.values(), ids=SUBJECTS)
async def test_like_is_compared_with_like(database: Database, flow: UUID | None) -> None:
    """Around the execution are others that differ in one of these, nearer than its real neighbours, and reruns of
    it."""
    own: Facts = (flow, "acme", "nightly", "train")
    others = [
        one
        for one in product(
            (flow, OTHER_FLOW, None if flow else FLOW),
            ("acme", "acme.a", "acmes"),
            ("nightly", "nightly2"),
            ("train", "test"),
        )
        if one != own
    ]
    subject = await store(database, own, 0, "FAILED", 1, None)
    for number, one in enumerate(others):
        for sign in (1, -1):
            await store(database, one, sign * (number + 1), "SUCCESS", 999, subject)
    nothing = dict.fromkeys(("previous", "next", "lastSuccess", "resolvedBy", "durationStats"))
    assert await compared(database, subject) == nothing
    far = len(others) + 1
    success = await store(database, own, -far - 1, "SUCCESS", 10, None)
    failed = await store(database, own, -far, "FAILED", 5, None)
    rerun = await store(database, own, far, "SUCCESS", 20, subject)
    assert await compared(database, subject) == {
        "previous": failed,
        "next": rerun,
        "lastSuccess": success,
        "resolvedBy": rerun,
        "durationStats": (2, 15, 19.5),
    }
