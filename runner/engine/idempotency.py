"""The idempotency keys of commands."""

from collections.abc import Mapping
from uuid import UUID

from models.lifecycle.commands.commands import Beginning, Create
from models.lifecycle.commands.external import RecordExecution
from models.lifecycle.commands.records import AddNote
from runner.engine.request import CommandRequest
from runner.store.idempotency import Key

CREATE = "createExecution"
"""The mutation under which the keys of new executions are kept."""
_MUTATIONS: Mapping[type[Beginning], str] = {
    Create: CREATE,
    RecordExecution: "recordExecution",
}


def key_of(request: CommandRequest, id: UUID) -> Key:
    """Of a beginning that has a key; `id` is that of the execution that it begins."""
    command = request.command
    assert isinstance(command, Beginning) and command.idempotency_key is not None
    mutation, digest = _MUTATIONS[type(command)], command.digest or ""
    return Key(request.origin.actor, mutation, command.idempotency_key, digest, id)


def note_key(request: CommandRequest) -> Key | None:
    """Of a note that has a key."""
    note = request.command
    if not isinstance(note, AddNote) or note.idempotency_key is None:
        return None
    return Key(
        request.origin.actor, "addNote", note.idempotency_key, note.digest or "", note.note_id
    )
