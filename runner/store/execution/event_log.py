"""Reads events of executions by cursor. A cursor is a seq: seqs have no gaps and are committed in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from models.events.events import Event
from runner.service.event_loop import Checkpoint
from runner.store.execution.facts import event_of
from runner.store.json import load, to_columns
from runner.store.postgres.connection import Executes
from runner.store.rows import StoredEventRow

BATCH: Final = 500
_LAST_SEQ: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class EventRow:
    """`data` is JSON text. After a `terminal` event only a restart changes the execution's state."""

    execution_id: UUID
    seq: int
    id: UUID
    type: str
    at: datetime
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    from_state: str | None
    to_state: str | None
    actor: str
    channel: str
    reason: str | None
    caused_by: int | None
    data: str
    terminal: bool


class Window(NamedTuple):
    """At most `most` events of an execution, or of one of its task runs, between two seqs (both exclusive)."""

    execution_id: UUID
    after: int
    before: int
    most: int
    task_run_id: UUID | None = None


_COLUMNS = ", ".join(field.name for field in fields(EventRow))
MOVED = "EXECUTION_STATE_CHANGED"

_OF = f"select {_COLUMNS} from events where execution_id = $1"
_OF_TASK_RUN = "($4::uuid is null or task_run_id = $4)"
_AFTER = f"""
{_OF} and seq > $2 and seq <= $5 and {_OF_TASK_RUN} order by seq limit $3
"""
_WINDOWS = f"""
select found.* from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::uuid[])
  with ordinality wanted (execution_id, after, before, most, task_run_id, place)
cross join lateral (
  select wanted.place, {_COLUMNS} from events e
  where e.execution_id = wanted.execution_id and e.seq > wanted.after and e.seq < wanted.before
    and (wanted.task_run_id is null or e.task_run_id = wanted.task_run_id)
  order by e.seq {{order}} limit wanted.most) found
order by wanted.place, found.seq
"""
_BETWEEN = "select * from events where execution_id = $1 and seq > $2 and seq <= $3 order by seq"
# Whether the execution had ended by $2; null when it does not exist, since each has a first event.
_ENDED_BY = f"""
select coalesce(
  (select terminal from events where execution_id = $1 and seq <= $2 and type = '{MOVED}'
   order by seq desc limit 1),
  (select false where exists (select from events where execution_id = $1)))
"""
# The first event of an execution is its creation.
_GIVEN_LABELS = "select data -> 'given_labels' from events where execution_id = $1 and seq = 1"
_LAST_START = """
select max(seq) from events where execution_id = $1 and type = 'ATTEMPT_STARTED' and path = $2
"""


async def last_start(pool: Executes, execution_id: UUID, path: str) -> int | None:
    """The seq of the event that started the task run's newest attempt; None when there is none."""
    seq: int | None = await pool.fetchval(_LAST_START, execution_id, path)
    return seq


async def given_labels(pool: Executes, execution_id: UUID) -> Mapping[str, str]:
    """Labels that an execution was created with in addition to its flow's; empty for old ones without this record."""
    given = await pool.fetchval(_GIVEN_LABELS, execution_id)
    return load(given) if given else {}


async def events_after(
    pool: Executes,
    execution_id: UUID,
    after: int,
    limit: int = BATCH,
    up_to: int = _LAST_SEQ,
    task_run_id: UUID | None = None,
) -> list[EventRow]:
    """The events of an execution, or of one of its task runs, after a seq."""
    limit = min(limit, up_to - max(after, 0))
    if limit <= 0:
        return []
    rows = await pool.fetch(_AFTER, execution_id, max(after, 0), limit, task_run_id, up_to)
    return [EventRow(*row) for row in rows]


async def windows(
    pool: Executes, backwards: bool, wanted: Sequence[Window]
) -> list[list[EventRow]]:
    """The first (or, `backwards`, the last) events of each window; in the order of their seqs."""
    order = "desc" if backwards else "asc"
    found: list[list[EventRow]] = [[] for _ in wanted]
    for place, *row in await pool.fetch(_WINDOWS.format(order=order), *to_columns(wanted)):
        found[place - 1].append(EventRow(*row))
    return found


async def facts_after(
    connection: Executes, execution_id: UUID, after: int, seq: int
) -> tuple[list[Event], list[int]]:
    """Events after `after` up to `seq`, as the domain's facts, and the length of each in stored characters. Yields to
    the event loop between them."""
    pace, found, lengths = Checkpoint(), [], []
    rows: list[StoredEventRow] = await connection.fetch(_BETWEEN, execution_id, after, seq)
    for row in rows:
        found.append(event_of(row))
        lengths.append(len(row["data"]))
        await pace.keep()
    return found, lengths


async def ended_by(pool: Executes, execution_id: UUID, seq: int) -> bool | None:
    """Returns whether the execution had ended by this event; None when there is no such execution."""
    ended: bool | None = await pool.fetchval(_ENDED_BY, execution_id, min(seq, _LAST_SEQ))
    return ended
