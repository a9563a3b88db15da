"""Builds the rows of idempotency keys from commands."""

from collections.abc import Mapping
from uuid import UUID

from models.lifecycle.commands.commands import Beginning, Create
from models.lifecycle.commands.external import RecordExecution
from models.lifecycle.commands.records import AddNote
from runner.engine.request import CommandRequest
from runner.store.idempotency import Key

CREATE = "createExecution"
"""The mutation under which the keys of created executions are stored."""
_MUTATIONS: Mapping[type[Beginning], str] = {
    Create: CREATE,
    RecordExecution: "recordExecution",
}


def key_of(request: CommandRequest, id: UUID) -> Key:
    """The request must be a Beginning with a key; `id` is that of its execution."""
    command = request.command
    assert isinstance(command, Beginning) and command.idempotency_key is not None
    mutation, digest = _MUTATIONS[type(command)], command.digest or ""
    return Key(request.origin.actor, mutation, command.idempotency_key, digest, id)


def note_key(request: CommandRequest) -> Key | None:
    """Returns None unless the command adds a note and has a key."""
    note = request.command
    if not isinstance(note, AddNote) or note.idempotency_key is None:
        return None
    return Key(
        request.origin.actor, "addNote", note.idempotency_key, note.digest or "", note.note_id
    )
