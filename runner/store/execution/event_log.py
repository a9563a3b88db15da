"""Events of one execution, by cursor. A cursor is a seq: they have no gap and are committed in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from models.events.events import Event
from runner.service.event_loop import Checkpoint
from runner.store.execution.facts import event_of
from runner.store.json import load, turned
from runner.store.postgres.connection import Executes

BATCH: Final = 500
_LAST_SEQ: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class EventRow:
    """`data` is JSON text. After a `terminal` one only a restart moves the execution again."""

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
    """`most` events of an execution, or of one of its task runs, between two seqs that are not among them."""

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
_ASKED = f"""
select found.* from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::uuid[])
  with ordinality asked (execution_id, after, before, most, task_run_id, place)
cross join lateral (
  select asked.place, {_COLUMNS} from events e
  where e.execution_id = asked.execution_id and e.seq > asked.after and e.seq < asked.before
    and (asked.task_run_id is null or e.task_run_id = asked.task_run_id)
  order by e.seq {{order}} limit asked.most) found
order by asked.place, found.seq
"""
_BETWEEN = "select * from events where execution_id = $1 and seq > $2 and seq <= $3 order by seq"
# Whether it had ended by $2; null when there is no such execution, for each has a first event.
_ENDED_BY = f"""
select coalesce(
  (select terminal from events where execution_id = $1 and seq <= $2 and type = '{MOVED}'
   order by seq desc limit 1),
  (select false where exists (select from events where execution_id = $1)))
"""
# Events are found by the execution they belong to; the first is its creation.
_GIVEN_LABELS = "select data -> 'given_labels' from events where execution_id = $1 and seq = 1"
_LAST_START = """
select max(seq) from events where execution_id = $1 and type = 'ATTEMPT_STARTED' and path = $2
"""


async def last_start(pool: Executes, execution_id: UUID, path: str) -> int | None:
    """The event that its newest attempt started with; None when it has none."""
    seq: int | None = await pool.fetchval(_LAST_START, execution_id, path)
    return seq


async def given_labels(pool: Executes, execution_id: UUID) -> Mapping[str, str]:
    """Labels that an execution was created with beside its flow's. Of one from before that was recorded, none."""
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
    """All events, or those of a task run."""
    limit = min(limit, up_to - max(after, 0))
    if limit <= 0:
        return []
    rows = await pool.fetch(_AFTER, execution_id, max(after, 0), limit, task_run_id, up_to)
    return [EventRow(*row) for row in rows]


async def windows(pool: Executes, backwards: bool, asked: Sequence[Window]) -> list[list[EventRow]]:
    """The first events of each window or, `backwards`, the last; in their order."""
    order = "desc" if backwards else "asc"
    found: list[list[EventRow]] = [[] for _ in asked]
    for place, *row in await pool.fetch(_ASKED.format(order=order), *turned(asked)):
        found[place - 1].append(EventRow(*row))
    return found


async def facts_after(
    connection: Executes, execution_id: UUID, after: int, seq: int
) -> tuple[list[Event], list[int]]:
    """Those after one to `seq`, as the domain's facts, and how many characters each was stored with. The rest of the
    event loop has its turns meanwhile."""
    pace, found, lengths = Checkpoint(), [], []
    for row in await connection.fetch(_BETWEEN, execution_id, after, seq):
        found.append(event_of(row))
        lengths.append(len(row["data"]))
        await pace.keep()
    return found, lengths


async def ended_by(pool: Executes, execution_id: UUID, seq: int) -> bool | None:
    """Whether the execution had ended by this event; None when there is no such execution."""
    ended: bool | None = await pool.fetchval(_ENDED_BY, execution_id, min(seq, _LAST_SEQ))
    return ended
