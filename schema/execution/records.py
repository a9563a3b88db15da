"""Notes, archiving, deleting, and historical executions."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import strawberry

from models.access.viewer import Permission
from models.errors import Problem, ProblemCode, Refused
from models.ids import new_id
from models.lifecycle.commands.commands import Command
from models.lifecycle.commands.records import AddNote, Delete
from models.lifecycle.notes_and_archive import check_text
from runner.store import idempotency
from runner.store.execution.nodes import NOTE
from runner.store.rows import NoteRow
from schema.access_checks import execution_for, needs_somewhere
from schema.context import Info
from schema.execution.inputs import AddNoteInput, DeleteExecutionsInput, ManyInput
from schema.types.execution.execution import Execution
from schema.types.execution.note import Note
from schema.types.problems import problem_of

MAX_EXECUTIONS = 1_000
"""Maximum number of executions in one mutation."""


async def execution_at(info: Info, key: UUID, seq: int) -> Execution | None:
    """Returns the execution as of its event `seq`. Its fields load related rows of the same moment."""
    row = await info.context.loaders.execution.load(key)
    if row is None:
        return None
    past = await info.context.loaders.past(row, seq)
    return Execution.of(past.rows["execution"](key))


async def add_note(info: Info, input: AddNoteInput) -> dict[str, Any]:
    id = await execution_for(info, input.id, Permission.ACT_ON_EXECUTION)
    check_text(input.text)
    key = input.idempotency_key
    digest = hashlib.sha256(f"{id}\n{input.text}".encode()).hexdigest()
    command = AddNote(new_id(), input.text, key, digest)
    transition = await info.context.services.engine.execute(id, command, info.context.origin())
    note_id = command.note_id
    if key is not None and not transition.events:
        actor = info.context.viewer.actor
        found = await idempotency.find(info.context.services.pool, actor, "addNote", key)
        note_id = found or note_id
    row: NoteRow | None = await info.context.services.pool.fetchrow(NOTE, note_id)
    info.context.refresh()
    execution = Execution.maybe(await info.context.loaders.execution.load(id))
    return {"note": Note.of(row) if row else None, "execution": execution}


async def act_on_many(info: Info, input: ManyInput, command: Command) -> dict[str, Any]:
    """Executes the command on each execution independently. A refusal becomes a problem whose path is the position in
    `ids`."""
    needs_somewhere(info, Permission.ACT_ON_EXECUTION)
    done, problems = await _each(info, input, command, Permission.ACT_ON_EXECUTION)
    info.context.refresh()
    rows = await asyncio.gather(*(info.context.loaders.execution.load(id) for _, id in done))
    return {
        "executions": [Execution.of(row) for row in rows if row],
        "problems": [problem_of(problem) for problem in problems],
    }


async def delete(info: Info, input: DeleteExecutionsInput) -> dict[str, Any]:
    needs_somewhere(info, Permission.MANAGE)
    command = Delete(logs=input.logs, metrics=input.metrics, artifacts=input.artifacts)
    done, problems = await _each(info, input, command, Permission.MANAGE)
    return {
        "deleted": [text for text, _ in done],
        "problems": [problem_of(problem) for problem in problems],
    }


async def _each(
    info: Info, input: ManyInput, command: Command, permission: Permission
) -> tuple[list[tuple[str, UUID]], list[Problem]]:
    ids: list[str] = list(dict.fromkeys(input.ids))
    if not 1 <= len(ids) <= MAX_EXECUTIONS:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"ids must have 1 to {MAX_EXECUTIONS} entries; got {len(ids)}",
            "ids",
        )
    results = await asyncio.gather(
        *(_one(info, id, command, input.reason, permission) for id in ids)
    )
    done = [(id, found) for id, found in zip(ids, results, strict=True) if isinstance(found, UUID)]
    problems = [
        problem
        for id, found in zip(ids, results, strict=True)
        if isinstance(found, Refused)
        for problem in _placed(found, list(input.ids).index(strawberry.ID(id)))
    ]
    return done, problems


async def _one(
    info: Info, id: Any, command: Command, reason: str | None, permission: Permission
) -> UUID | Refused:
    try:
        key = await execution_for(info, id, permission)
        await info.context.services.engine.execute(
            key, command, info.context.origin(reason), bulk=True
        )
    except Refused as refused:
        return refused
    return key


def _placed(refused: Refused, place: int) -> Sequence[Problem]:
    return [replace(problem, path=("ids", str(place))) for problem in refused.problems]
