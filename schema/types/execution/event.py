"""Events of an execution."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Self
from uuid import UUID

import strawberry

from models.events.event_types import EventType
from models.ids import typed
from models.secrets import without_secrets
from models.states import Channel
from runner.history.visibility import event_seen
from runner.store.execution import event_log
from runner.store.execution.event_log import EventRow
from runner.store.json import load
from schema.context import Info
from schema.loading.batches import events_in
from schema.loading.snapshots import row_of
from schema.scalars import JSON
from schema.types.actors import Actor
from schema.types.execution.task_run import TaskRun, task_run_by_id
from schema.types.node import Node
from schema.types.paging import Paging

if TYPE_CHECKING:
    from schema.types.execution.execution import Execution

_INSIDE = frozenset(
    {
        "id",
        "flow_id",
        "revision_id",
        "approval_id",
        "task_runs",
        "rerun_of",
        "replay_of",
        "original_id",
        "cached_from",
        "carried",
        "parent",
        "child",
        "outputs_from",
        "cache_key",
        "key",
        "attempt_id",
        "scope",
    }
)
"""Fields of events that hold database keys and are not shown; the objects have fields of their own."""


@strawberry.type
class ExecutionEvent(Node):
    execution_key: strawberry.Private[UUID]
    task_run_key: strawberry.Private[UUID | None]
    seq: int
    type: EventType
    at: datetime
    from_state: str | None
    to_state: str | None
    attempt: int | None
    actor: Actor
    channel: Channel
    reason: str | None
    caused_by: int | None
    data: JSON
    terminal: bool

    @classmethod
    def of(cls, row: EventRow) -> Self:
        return cls(
            id=strawberry.ID(typed("evt", row.id)),
            execution_key=row.execution_id,
            task_run_key=row.task_run_id,
            seq=row.seq,
            type=EventType(row.type),
            at=row.at,
            from_state=row.from_state,
            to_state=row.to_state,
            attempt=row.attempt,
            actor=Actor.of(row.actor),
            channel=Channel(row.channel),
            reason=row.reason,
            caused_by=row.caused_by,
            data=_shown(load(row.data)),
            terminal=row.terminal,
        )

    @strawberry.field
    async def task_run(self, info: Info) -> TaskRun | None:
        if self.task_run_key is None:
            return None
        return await task_run_by_id(info, self.execution_key, self.task_run_key)

    @strawberry.field
    async def execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")]:
        from schema.types.execution.execution import Execution

        return Execution.of(await row_of(info, self.execution_key))


_MAX_EVENTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class EventWindow:
    """Selects `size` events after the seq `edge` or, if `backwards`, before it."""

    size: int
    edge: int | None
    backwards: bool


def event_window(
    first: int | None, after: int | None, last: int | None, before: int | None
) -> EventWindow:
    """Raises Refused for arguments that cannot be combined."""
    edges = ["" if edge is not None else None for edge in (after, before)]
    paging = Paging.of(first, edges[0], last, edges[1], _MAX_EVENTS)
    return EventWindow(paging.size, before if paging.backwards else after, paging.backwards)


async def read_events(
    info: Info, key: UUID, window: EventWindow, task_run: UUID | None, up_to: int
) -> list[ExecutionEvent]:
    """Returns the events in ascending order, also when paging backwards."""
    after, before = 0, up_to + 1
    if window.edge is not None and window.backwards:
        before = min(window.edge, before)
    elif window.edge is not None:
        after = max(window.edge, 0)
    wanted = event_log.Window(key, after, before, window.size, task_run)
    rows = await events_in(info, wanted, window.backwards)
    return await views_of(info, key, rows)


async def views_of(info: Info, key: UUID, rows: Sequence[EventRow]) -> list[ExecutionEvent]:
    """Returns events of one execution, current or historical, without the parts that the viewer may not see."""
    outside = await info.context.loaders.visibility.outside.load(key)
    return [ExecutionEvent.of(event_seen(outside, replace(row, execution_id=key))) for row in rows]


def _shown(fact: dict[str, Any]) -> Any:
    return {_camel(key): _part(key, value) for key, value in fact.items() if key not in _INSIDE}


def _part(key: str, value: Any) -> Any:
    if key == "inputs" and value:
        return without_secrets(value)
    if key == "error" and value:
        return {_camel(name): part for name, part in value.items() if name != "below" or part}
    return value


@cache
def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)
