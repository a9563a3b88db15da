"""Reads the changes of an execution since a position. Events are found by seq; rows without events by whether the
position's snapshot sees the transaction that wrote them. So every change is read exactly once, in whatever order
transactions commit."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypedDict
from uuid import UUID

from models.events.event_types import EventType
from models.states import AttemptState
from runner.store.execution.event_log import EventRow
from runner.store.execution.history import METRIC
from runner.store.execution.ids import IdRow
from runner.store.execution.nodes import TASK_RUN_WITH_RESULTS, USE, TaskRunWithResults
from runner.store.execution.snapshots import NEW_EXECUTION_COLUMNS
from runner.store.execution.writes import NEW_TASK_RUN_COLUMNS
from runner.store.postgres.connection import Executes
from runner.store.rows import ApprovalRow, NoteRow

TOO_MANY: Final = 5_000
"""Rows without events since a position; if there are more, reading the whole execution again is cheaper."""
NO_ID: Final = UUID(int=0)


BYTES: Final = 64_000
"""Limit for the rows that are read at once; a single row may be longer."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rows that have no events; `xid` is the column with the transaction that wrote a row."""

    execution: str
    id: str
    xid: str
    table: str


KINDS: Final[Mapping[str, Kind]] = {
    "metrics": Kind("m.execution_id", "m.id", "m.xid", "metrics m"),
    "artifacts": Kind("u.execution_id", "u.id", "u.xid", "artifact_uses u"),
    "children": Kind("c.parent_id", "c.id", "c.moved_xid", "executions c"),
}


_MOMENT: Final = re.compile(
    r"([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19}(?:,[0-9]{1,19})*)?)", re.ASCII
)
_LAST_XID: Final = 2**63 - 1


def is_moment(text: str) -> bool:
    """Returns whether PostgreSQL accepts the text as a snapshot: the running transactions are sorted and in range."""
    found = _MOMENT.fullmatch(text)
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
    """Counts without rows whose transaction id is in the future: they were restored from another database."""
    return (
        f"(select count(*) from (select from {kind.table} where {kind.execution} = e.id "
        f"and {_since(kind.xid, '$2')} and {kind.xid} < pg_snapshot_xmax(pg_current_snapshot()) "
        f"limit {TOO_MANY + 1}) x)"
    )


def _summary(names: Sequence[str]) -> str:
    counted = "".join(f", {_counted(KINDS[name])} as {name}" for name in names)
    return f"""
select e.seq, pg_current_snapshot()::text as moment,
  pg_snapshot_xmax($2::text::pg_snapshot) > pg_snapshot_xmax(pg_current_snapshot()) as ahead{counted}
from executions e where id = $1
"""


_NOW: Final = "select seq, pg_current_snapshot()::text as moment from executions where id = $1"


class _NowRow(TypedDict):
    seq: int
    moment: str


class _SummaryRow(_NowRow):
    ahead: bool


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """The last event of an execution, and the number of rows of each kind that were written since a position. `ahead`:
    the position is of another database, or of this one before it was restored from a backup."""

    seq: int
    moment: str
    rows: Mapping[str, int]
    ahead: bool


async def changes_since(
    pool: Executes, id: UUID, moment: str | None, kinds: Container[str] = KINDS
) -> ChangeSummary | None:
    """Counts the rows of these kinds; None if the execution does not exist."""
    if moment is None:
        now: _NowRow | None = await pool.fetchrow(_NOW, id)
        return ChangeSummary(now["seq"], now["moment"], {}, False) if now else None
    names = [name for name in KINDS if name in kinds]
    row: _SummaryRow | None = await pool.fetchrow(_summary(names), id, moment)
    if row is None:
        return None
    counted: Mapping[str, Any] = row  # each name is a column
    return ChangeSummary(
        row["seq"], row["moment"], {name: counted[name] for name in names}, row["ahead"]
    )


async def ids_between(
    pool: Executes, name: str, id: UUID, since: str, until: str, after: UUID, limit: int
) -> list[UUID]:
    """Ids of rows of a kind, in their order, that the snapshot `until` sees and `since` does not."""
    kind = KINDS[name]
    seen = f"pg_visible_in_snapshot({kind.xid}, $3::text::pg_snapshot)"
    rows: list[IdRow] = await pool.fetch(
        f"select {kind.id} from {kind.table} where {kind.execution} = $1 "
        f"and {_since(kind.xid, '$2')} and {seen} and {kind.id} > $4 order by {kind.id} limit $5",
        *(id, since, until, after, limit),
    )
    return [row["id"] for row in rows]


def _columns(names: Iterable[str], without: Container[str]) -> str:
    return ", ".join(name for name in names if name not in without)


_TASK_RUN: Final = (*(name for name, _, _ in NEW_TASK_RUN_COLUMNS), "results", "source_execution")
_EXECUTION: Final = tuple(name for name, _, _ in NEW_EXECUTION_COLUMNS)
_EVENT: Final = tuple(field.name for field in fields(EventRow))


def _source(name: str, without: Container[str]) -> str:
    """SQL for the rows of the execution $1, without some columns: long values that are not read need no
    decompression."""
    match name:
        case "events":
            data = "'{}'" if "data" in without else "data"
            return (
                f"select {_columns(_EVENT, {'data'})}, {data} as data from events "
                "where execution_id = $1"
            )
        case "task_runs":
            runs = f"{TASK_RUN_WITH_RESULTS} where t.execution_id = $1"
            return f"select {_columns(_TASK_RUN, without)} from ({runs}) t"
        case "children":
            return f"select {_columns(_EXECUTION, without)} from executions where parent_id = $1"
        case "metrics":
            return f"{METRIC} where m.execution_id = $1"
        case _:
            return f"{USE} where u.execution_id = $1"


async def some_rows(
    pool: Executes, name: str, id: UUID, keys: Sequence[UUID | int], without: Container[str] = ()
) -> Sequence[Mapping[str, Any]]:
    """Rows of an execution by their keys (ids; seqs for events), in the order of `keys`: the first ones, up to the one
    that reaches BYTES. Deleted rows are skipped. The columns are those of the kind, except `without`."""
    source = _source(name, without)
    key, array = ("seq", "$2::int[]") if name == "events" else ("id", "$2::uuid[]")
    rows: Sequence[Mapping[str, Any]] = await pool.fetch(
        f"""
with recursive few as (
  select 0 as number, 0::bigint as total
  union all
  select number + 1, total + coalesce(
    (select octet_length(x::text) from ({source}) x where x.{key} = ({array})[number + 1]), 0)
  from few where total < {BYTES} and number < cardinality({array}))
select x.* from few join ({source}) x on x.{key} = ({array})[few.number] order by few.number
""",
        *(id, keys),
    )
    return rows


async def some_events(
    pool: Executes, id: UUID, after: int, limit: int, up_to: int, without: Container[str]
) -> list[EventRow]:
    """The first events after a seq, as many as `some_rows` reads."""
    seqs = range(after + 1, min(after + limit, up_to) + 1)
    rows = await some_rows(pool, "events", id, seqs, without)
    return [EventRow(**row) for row in rows]


async def ids_of_paths(
    pool: Executes, name: str, id: UUID, paths: Sequence[str]
) -> Sequence[tuple[str, UUID]]:
    """Ids of rows of a kind that have only the path of their task run, not its id; each with the path."""
    kind = KINDS[name]
    rows: list[_PathRow] = await pool.fetch(
        f"select path, id from {kind.table} where {kind.execution} = $1 and task_run_id is null "
        f"and path = any($2::text[]) order by id",
        *(id, paths),
    )
    return [(row["path"], row["id"]) for row in rows]


class _PathRow(TypedDict):
    path: str
    id: UUID


class _SeqRow(TypedDict):
    seq: int
    id: UUID


_TASK_RUNS: Final = f"{TASK_RUN_WITH_RESULTS} where t.id = any($1::uuid[]) order by t.position"
_ADDED: Final = """
select e.seq, t.id from events e cross join lateral jsonb_each_text(e.data -> 'task_runs') added
join task_runs t on t.id = added.value::uuid
where e.execution_id = $1 and e.seq = any($2::int[]) order by e.seq, t.position, t.path
"""
_BY_PATH: Final = (
    "select path, id from task_runs where execution_id = $1 and path = any($2::text[])"
)
_APPROVALS: Final = "select * from approvals where task_run_id = any($1::uuid[]) order by id"
_NOTES: Final = (
    "select * from notes where execution_id = $1 and seq = any($2::bigint[]) order by seq"
)
_SET_ASIDE: Final = f"""
select u.id, e.seq from events e
join artifact_uses u on u.execution_id = $1 and (u.task_run_id, u.attempt) = (e.task_run_id, e.attempt)
where e.execution_id = $1 and e.seq = any($2::int[]) and e.type = '{EventType.ATTEMPT_ENDED}'
  and e.data ->> 'state' <> '{AttemptState.SUCCESS}' order by u.id
"""


async def task_runs_by_id(pool: Executes, ids: Sequence[UUID]) -> Sequence[TaskRunWithResults]:
    rows: Sequence[TaskRunWithResults] = await pool.fetch(_TASK_RUNS, ids)
    return rows


async def added_by(pool: Executes, id: UUID, seqs: Sequence[int]) -> Sequence[tuple[int, UUID]]:
    """Ids of the task runs that these events added, in the order of the document, each with its event's seq."""
    rows: list[_SeqRow] = await pool.fetch(_ADDED, id, seqs)
    return [(row["seq"], row["id"]) for row in rows]


async def ids_by_path(pool: Executes, id: UUID, paths: Sequence[str]) -> dict[str, UUID]:
    rows: list[_PathRow] = await pool.fetch(_BY_PATH, id, paths)
    return {row["path"]: row["id"] for row in rows}


async def count_task_runs(pool: Executes, id: UUID) -> int:
    found: int = await pool.fetchval("select count(*) from task_runs where execution_id = $1", id)
    return found


async def approvals_of(pool: Executes, task_runs: Sequence[UUID]) -> Sequence[ApprovalRow]:
    rows: Sequence[ApprovalRow] = await pool.fetch(_APPROVALS, task_runs)
    return rows


async def notes_of(pool: Executes, id: UUID, seqs: Sequence[int]) -> Sequence[NoteRow]:
    """The notes that these events added."""
    rows: Sequence[NoteRow] = await pool.fetch(_NOTES, id, seqs)
    return rows


async def set_aside(pool: Executes, id: UUID, seqs: Sequence[int]) -> Sequence[tuple[int, UUID]]:
    """Ids of artifact uses by attempts that did not succeed according to these events, each with its event's seq."""
    rows: list[_SeqRow] = await pool.fetch(_SET_ASIDE, id, seqs)
    return [(row["seq"], row["id"]) for row in rows]
