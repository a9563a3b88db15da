"""Reads executions for models/filters/matching.py, with the values from other tables that a filter needs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
from uuid import UUID

from models.filters.filters import Field, Filter, mentions
from models.filters.matching import Candidate
from models.fingerprint import fingerprint
from models.states import ExecutionState, Origin
from models.trigger_kinds import TriggerKind, schedule_of, trigger_kind
from runner.store.json import load
from runner.store.postgres.connection import Executes
from runner.store.rows import ExecutionRow
from runner.store.where.terms import LAST_FIRST

_METRICS = f"""
select distinct on (execution_id, name) execution_id, name, value from metrics
where execution_id = any($1::uuid[]) order by execution_id, name, {LAST_FIRST}
"""
_LOOKUPS: Mapping[Field, str] = {
    Field.RETRIED: "select distinct execution_id from task_runs where execution_id = any($1::uuid[]) and attempt > 1",
    Field.NOTES: "select distinct execution_id from notes where execution_id = any($1::uuid[])",
    Field.CHILDREN: "select distinct parent_id as execution_id from executions where parent_id = any($1::uuid[])",
}


class _FoundRow(TypedDict):
    execution_id: UUID


class _LastRow(_FoundRow):
    name: str
    value: float


class _SeqRow(TypedDict):
    id: UUID
    seq: int


async def rows_of(pool: Executes, ids: Sequence[UUID]) -> list[ExecutionRow]:
    return list(await pool.fetch("select * from executions where id = any($1::uuid[])", ids))


async def active(pool: Executes, most: int) -> dict[UUID, int]:
    """The newest executions that have not ended, with their seqs."""
    rows: list[_SeqRow] = await pool.fetch(
        "select id, seq from executions where ended_at is null order by id desc limit $1", most
    )
    return {row["id"]: row["seq"] for row in rows}


async def candidates(
    pool: Executes, where: Filter, rows: Sequence[ExecutionRow]
) -> list[Candidate]:
    """Candidates in the order of the rows. Tables that the filter does not need are not read."""
    ids = [row["id"] for row in rows]
    metrics: dict[UUID, dict[str, float]] = defaultdict(dict)
    if mentions(where, Field.METRIC):
        last: list[_LastRow] = await pool.fetch(_METRICS, ids)
        for measured in last:
            if measured["value"] == measured["value"]:
                metrics[measured["execution_id"]][measured["name"]] = measured["value"]
    lookups: dict[Field, set[UUID]] = {}
    for field, sql in _LOOKUPS.items():
        if mentions(where, field):
            found: list[_FoundRow] = await pool.fetch(sql, ids)
            lookups[field] = {one["execution_id"] for one in found}
    return [candidate(row, metrics[row["id"]], lookups) for row in rows]


def trigger_of(row: ExecutionRow) -> TriggerKind:
    """The kind of trigger for a row of executions."""
    return trigger_kind(
        parent_id=row["parent_id"],
        replay_of=row["replay_of"],
        rerun_of=row["rerun_of"],
        origin=Origin(row["origin"]),
        created_by=row["created_by"],
        starters=load(row["starters"]),
    )


def fingerprint_of(failure: Mapping[str, Any]) -> str:
    """The fingerprint of the failure in a row of executions."""
    return fingerprint(failure.get("path"), failure.get("code", ""), failure.get("message", ""))


def candidate(
    row: ExecutionRow, metrics: Mapping[str, float], lookups: Mapping[Field, set[UUID]]
) -> Candidate:
    """The candidate for a row of executions; `lookups` has, by field, the executions for which it is true."""
    git, failure = load(row["git"]) or {}, load(row["failure"])
    trigger = trigger_of(row)
    return Candidate(
        id=row["id"],
        namespace=row["namespace"],
        flow=row["flow_key"],
        name=row["name"],
        kind=row["kind"],
        state=ExecutionState(row["state"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        idle=row["idle"],
        idle_since=row["idle_since"],
        progress=row["progress"],
        origin=Origin(row["origin"]),
        archived=row["archived"],
        labels=load(row["labels"]),
        properties=load(row["properties"]),
        inputs=load(row["inputs"]),
        commit=git.get("commit"),
        branch=git.get("branch"),
        error=failure.get("message") if failure else None,
        failed=failure is not None,
        fingerprint=fingerprint_of(failure) if failure else None,
        child=row["parent_id"] is not None,
        trigger=trigger,
        schedule=schedule_of(trigger, load(row["trigger"])),
        metrics=metrics,
        **{field.value: row["id"] in found for field, found in lookups.items()},
    )
