"""What was written of an execution since a place in it: of its events by seq; of what has no event by whether the
transaction that wrote a row was seen by the place's snapshot. So nothing is left out and nothing is told twice, in
whatever order transactions commit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from runner.store.connection import Executes
from runner.store.history import METRIC
from runner.store.nodes import TASK_RUN_WITH_RESULTS, USE

Row = Any
TOO_MANY: Final = 5_000
"""Rows without events since a place, beyond which reading all of the execution anew is cheaper."""
NO_ID: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows without events of their own; `xid` names the transaction that wrote one."""

    select: str
    execution: str
    id: str
    xid: str
    table: str


KINDS: Final[Mapping[str, Kind]] = {
    "metrics": Kind(METRIC, "m.execution_id", "m.id", "m.xid", "metrics m"),
    "artifacts": Kind(USE, "u.execution_id", "u.id", "u.xid", "artifact_uses u"),
    "children": Kind(
        "select c.* from executions c", "c.parent_id", "c.id", "c.moved_xid", "executions c"
    ),
}


_MOMENT: Final = re.compile(
    r"([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19}(?:,[0-9]{1,19})*)?)", re.ASCII
)
_LAST_XID: Final = 2**63 - 1


def is_moment(told: str) -> bool:
    """Whether PostgreSQL reads it as a snapshot: what was in progress is in order and lies within."""
    found = _MOMENT.fullmatch(told)
    if not found:
        return False
    oldest, following = int(found[1]), int(found[2])
    running = [int(xid) for xid in found[3].split(",")] if found[3] else []
    return (
        0 < oldest <= following <= _LAST_XID
        and running == sorted(running)
        and all(oldest <= xid < following for xid in running)
    )


def _since(xid: str, moment: str) -> str:
    snapshot = f"{moment}::text::pg_snapshot"
    unseen = f"not pg_visible_in_snapshot({xid}, {snapshot})"
    return f"{xid} >= pg_snapshot_xmin({snapshot}) and {unseen}"


def _counted(kind: Kind) -> str:
    """Without rows whose transaction is still to come: those were restored from elsewhere, and nobody tells them."""
    return (
        f"(select count(*) from (select from {kind.table} where {kind.execution} = e.id "
        f"and {_since(kind.xid, '$2')} and {kind.xid} < pg_snapshot_xmax(pg_current_snapshot()) "
        f"limit {TOO_MANY + 1}) x)"
    )


_NEWS: Final = f"""
select e.seq, pg_current_snapshot()::text as moment,
  pg_snapshot_xmax($2::text::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as ahead,
  {", ".join(f"{_counted(kind)} as {name}" for name, kind in KINDS.items())}
from executions e where id = $1
"""
_NOW: Final = "select seq, pg_current_snapshot()::text as moment from executions where id = $1"


@dataclass(frozen=True, slots=True)
class News:
    """How far an execution has come, and how many rows of each kind were written since a place. `ahead`: the place is
    of another database, or of this one before it was put back."""

    seq: int
    moment: str
    rows: Mapping[str, int]
    ahead: bool


async def news_since(pool: Executes, id: UUID, moment: str | None) -> News | None:
    """None: there is no such execution any more."""
    if moment is None:
        row = await pool.fetchrow(_NOW, id)
        return News(row["seq"], row["moment"], {}, False) if row else None
    row = await pool.fetchrow(_NEWS, id, moment)
    if row is None:
        return None
    return News(row["seq"], row["moment"], {name: row[name] for name in KINDS}, row["ahead"])


async def rows_between(
    pool: Executes, name: str, id: UUID, since: str, until: str, after: UUID, limit: int
) -> Sequence[Row]:
    """Of a kind, in the order of their ids: those that the snapshot `until` sees and `since` does not."""
    kind = KINDS[name]
    seen = f"pg_visible_in_snapshot({kind.xid}, $3::text::pg_snapshot)"
    rows: Sequence[Row] = await pool.fetch(
        f"{kind.select} where {kind.execution} = $1 and {_since(kind.xid, '$2')} and {seen} "
        f"and {kind.id} > $4 order by {kind.id} limit $5",
        *(id, since, until, after, limit),
    )
    return rows


async def rows_by_path(pool: Executes, name: str, id: UUID, paths: Sequence[str]) -> Sequence[Row]:
    """Of a kind, those that were told by the path of their task run alone."""
    kind, alias = KINDS[name], KINDS[name].table[-1]
    rows: Sequence[Row] = await pool.fetch(
        f"{kind.select} where {kind.execution} = $1 and {alias}.task_run_id is null "
        f"and {alias}.path = any($2::text[]) order by {kind.id}",
        *(id, paths),
    )
    return rows


_TASK_RUNS: Final = f"{TASK_RUN_WITH_RESULTS} where t.id = any($1::uuid[]) order by t.position"
_IN_ORDER: Final = """
select id from task_runs where execution_id = $1 and id = any($2::uuid[]) order by position, path
"""
_BY_PATH: Final = (
    "select path, id from task_runs where execution_id = $1 and path = any($2::text[])"
)
_APPROVALS: Final = "select * from approvals where task_run_id = any($1::uuid[]) order by id"
_NOTES: Final = (
    "select * from notes where execution_id = $1 and seq = any($2::bigint[]) order by seq"
)
_SET_ASIDE: Final = """
select id, task_run_id, attempt from artifact_uses
where execution_id = $1 and (task_run_id, attempt) in (select * from unnest($2::uuid[], $3::int[]))
"""


async def task_runs_by_id(pool: Executes, ids: Sequence[UUID]) -> Sequence[Row]:
    rows: Sequence[Row] = await pool.fetch(_TASK_RUNS, ids)
    return rows


async def in_their_order(pool: Executes, id: UUID, task_runs: Sequence[UUID]) -> list[UUID]:
    """These task runs of an execution, in the order of its document."""
    return [row["id"] for row in await pool.fetch(_IN_ORDER, id, task_runs)]


async def ids_by_path(pool: Executes, id: UUID, paths: Sequence[str]) -> dict[str, UUID]:
    return {row["path"]: row["id"] for row in await pool.fetch(_BY_PATH, id, paths)}


async def count_task_runs(pool: Executes, id: UUID) -> int:
    found: int = await pool.fetchval("select count(*) from task_runs where execution_id = $1", id)
    return found


async def approvals_of(pool: Executes, task_runs: Sequence[UUID]) -> Sequence[Row]:
    rows: Sequence[Row] = await pool.fetch(_APPROVALS, task_runs)
    return rows


async def notes_of(pool: Executes, id: UUID, seqs: Sequence[int]) -> Sequence[Row]:
    """Those that these events tell of."""
    rows: Sequence[Row] = await pool.fetch(_NOTES, id, seqs)
    return rows


async def set_aside(
    pool: Executes, id: UUID, attempts: Sequence[tuple[UUID, int]]
) -> Sequence[Row]:
    """What these attempts used and made."""
    runs, numbers = [run for run, _ in attempts], [number for _, number in attempts]
    rows: Sequence[Row] = await pool.fetch(_SET_ASIDE, id, runs, numbers)
    return rows
