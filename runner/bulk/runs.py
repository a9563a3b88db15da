"""Starts a previewed set, atomically or one by one, and cancels it."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models.access.viewer import Grant
from models.bulk import MOST_ATOMIC, BulkMode, BulkState
from models.errors import Problem, ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import typed
from models.lifecycle.actions import Action
from runner.bulk.requests import RequestBuilder
from runner.engine.engine import Engine
from runner.engine.request import BatchRejected, CommandRequest, problem_of
from runner.notify.feed import Feed
from runner.store import audit, bulk, idempotency
from runner.store.bulk import Item, PreviewRow
from runner.store.json import load
from runner.store.postgres.connection import Connection, Executes, Pool
from runner.store.rows import BulkRow

_MUTATION = "runBulk"
_AT_ONCE = 20
"""Rows that are prepared together; few, so that one bulk action does not use all connections."""


@dataclass(frozen=True, slots=True)
class Run:
    """`row` is that of the previewed set."""

    row: PreviewRow
    mode: BulkMode
    origin: CommandOrigin
    grants: tuple[Grant, ...]
    token_id: UUID | None
    key: str | None = None

    @property
    def id(self) -> UUID:
        return self.row["id"]

    @property
    def digest(self) -> str:
        text = f"{self.id}\n{self.mode.value}\n{self.origin.reason}"
        return hashlib.sha256(text.encode()).hexdigest()


async def run(pool: Pool, engine: Engine, feed: Feed, wanted: Run, builder: RequestBuilder) -> None:
    """Starts a set. In mode EACH its rows run later, in any process; in mode ATOMIC they have run on return.

    Raises Refused. Repeating a call with the same idempotency key does nothing.
    """
    if await _is_repeated(pool, wanted):
        return
    try:
        _refuse_twice(wanted.row["state"] is None)
        if wanted.mode is BulkMode.ATOMIC:
            await _run_together(pool, engine, wanted, builder)
        else:
            async with pool.acquire() as connection, connection.transaction():
                await _begin(connection, wanted, BulkState.RUNNING)
    except Refused:
        if not await _is_repeated(pool, wanted):
            raise
    feed.notify({"b", f"b:{wanted.id}"})


async def _begin(connection: Connection, wanted: Run, state: BulkState) -> None:
    """Starts the set in the caller's transaction. Raises Refused when it was run before."""
    row, origin = wanted.row, wanted.origin
    held = wanted.grants, wanted.token_id
    _refuse_twice(await bulk.start(connection, wanted.id, wanted.mode, state, origin, *held))
    if wanted.key is not None:
        mine = idempotency.Key(origin.actor, _MUTATION, wanted.key, wanted.digest, wanted.id)
        standing = await idempotency.take(connection, [mine])
        if standing[mine.name].digest != wanted.digest:
            raise _used(wanted.key)
    about = {
        "action": row["action"],
        "mode": wanted.mode.value,
        "total": row["total"],
        "instruction": load(row["instruction"]),
        "set": load(row["source"]),
    }
    await audit.record(connection, origin, "RUN_BULK", bulk.target_of(row), about)


def _refuse_twice(first: bool) -> None:
    if not first:
        raise Refused.because(
            ProblemCode.CONFLICT, "this preview has already been run; preview again", "previewId"
        )


async def _is_repeated(pool: Executes, wanted: Run) -> bool:
    """Returns whether the same call was made before; raises Refused when its key was used with another input."""
    if wanted.key is None:
        return False
    digest = await idempotency.digest_of(pool, wanted.origin.actor, _MUTATION, wanted.key)
    if digest not in (None, wanted.digest):
        raise _used(wanted.key)
    return digest is not None


def _used(key: str) -> Refused:
    return Refused.because(
        ProblemCode.IDEMPOTENCY_CONFLICT,
        f"the key {key!r} was used with another input; use a new key",
        "idempotencyKey",
    )


async def _run_together(pool: Pool, engine: Engine, wanted: Run, builder: RequestBuilder) -> None:
    """Runs every row, stores the audit entry and ends the set, in one transaction."""
    _check_fit(wanted)
    items = await bulk.items_of(pool, wanted.id)
    requests = await _build_all(builder, items)

    async def also(connection: Connection) -> None:
        if builder.instruction.action is Action.REPLAY:
            await _refuse_changed(connection, items)
        await _begin(connection, wanted, BulkState.DONE)

    try:
        await engine.execute_atomically(requests, also)
    except BatchRejected as error:
        by_position = {item.place.position: item for item in items}
        raise Refused(
            [
                _problem(by_position[one.bulk_item.position], problem_of(refused))
                for one, refused in error.refused.items()
                if one.bulk_item
            ]
        ) from error


def _check_fit(wanted: Run) -> None:
    row = wanted.row
    if row["state"] is None and row["expired"]:
        raise Refused.because(
            ProblemCode.CONFLICT,
            f"this preview expired at {row['expires_at'].isoformat()}; preview again, or run it with "
            "EACH, which checks each execution again",
            "previewId",
        )
    if row["total"] > MOST_ATOMIC:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{row['total']} executions are more than {MOST_ATOMIC}, which is the limit of an atomic "
            "action; run it with EACH, or preview fewer",
            "mode",
        )


async def _build_all(builder: RequestBuilder, items: Sequence[Item]) -> list[CommandRequest]:
    """Builds the requests for all rows; raises Refused with the problems of all rows that are refused already."""
    requests: list[CommandRequest] = []
    problems: list[Problem] = []

    async def build(item: Item) -> CommandRequest | Problem:
        try:
            return await builder.build(item, unchanged=True)
        except Refused as refused:
            return _problem(item, refused.problems[0])

    for start in range(0, len(items), _AT_ONCE):
        for found in await asyncio.gather(*map(build, items[start : start + _AT_ONCE])):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                requests.append(found)
    if problems:
        raise Refused(problems)
    return requests


async def _refuse_changed(connection: Connection, items: Sequence[Item]) -> None:
    """Raises Refused for sources of a replay that changed since the preview: the engine does not lock these rows."""
    changed = await bulk.changed_since(connection, items)
    if changed:
        sentence = "its state changed since the preview"
        problem = Problem(ProblemCode.CONFLICT, sentence)
        raise Refused([_problem(item, problem) for item in changed])


def _problem(item: Item, problem: Problem) -> Problem:
    """The problem of one row, with the execution in the message and in the path."""
    path = ("executions", typed("exec", item.execution_id))
    return Problem(problem.code, f"{item.name}: {problem.message}", path)


async def cancel(pool: Pool, feed: Feed, row: BulkRow, origin: CommandOrigin) -> None:
    """Cancels a running set: its remaining rows are not run. Raises Refused when it is not running."""
    async with pool.acquire() as connection, connection.transaction():
        if not await bulk.cancel(connection, row["id"], origin.actor):
            now = await bulk.find(connection, row["id"])
            state = now["state"] if now else "deleted"
            raise Refused.because(
                ProblemCode.INVALID_STATE,
                f"only a RUNNING bulk action can be cancelled; this one is {state}",
            )
        await audit.record(connection, origin, "CANCEL_BULK", bulk.target_of(row))
    feed.notify({f"b:{row['id']}"})
