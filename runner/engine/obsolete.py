"""Finds the commands of a batch that are obsolete: another process has executed them, or their cause is gone."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.lifecycle.commands.commands import Lose
from runner.engine.request import CommandRequest
from runner.store import bulk, deferred
from runner.store.execution import leases
from runner.store.postgres.connection import Connection

Refusals = Mapping[CommandRequest, Refused]


async def executed_deferred(connection: Connection, requests: Sequence[CommandRequest]) -> Refusals:
    """Refuses deferred commands that this or another process has executed since they were claimed."""
    ids = [request.deferred_id for request in requests if request.deferred_id]
    left = await deferred.still_pending(connection, ids) if ids else set()
    refused: dict[CommandRequest, Refused] = {}
    for request in requests:
        if request.deferred_id:
            if request.deferred_id not in left:
                refused[request] = Refused.because(
                    ProblemCode.CONFLICT, "the deferred command was executed already"
                )
            left.discard(request.deferred_id)
    return refused


async def executed_bulk_items(
    connection: Connection, requests: Iterable[CommandRequest]
) -> Refusals:
    """Refuses rows of bulk actions that another process has executed, or whose bulk action was cancelled."""
    items = {request: request.bulk_item for request in requests if request.bulk_item}
    left = await bulk.still_left(connection, list(items.values()))
    message = "the bulk action was cancelled, or has executed this row already"
    return {
        request: Refused.because(ProblemCode.CONFLICT, message)
        for request, item in items.items()
        if item not in left
    }


async def extended_leases(
    connection: Connection, requests: Iterable[CommandRequest]
) -> list[tuple[CommandRequest, UUID]]:
    """Returns the Lose commands for attempts whose lease was extended since it was found expired, each with the id of
    its execution."""
    lost = {one: one.command.lease for one in requests if isinstance(one.command, Lose)}
    left = await leases.run_out(connection, lost.values()) if lost else set()
    extended = [one for one, lease in lost.items() if lease not in left]
    return [(one, one.execution_id) for one in extended if one.execution_id]
