"""Answers commands that repeat an idempotency key like the first one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.errors import HeadwayError, Refused
from models.lifecycle.commands.commands import Beginning, Create
from models.lifecycle.commands.external import RecordExecution
from models.lifecycle.commands.records import AddNote
from models.lifecycle.external.moments import id_for
from models.lifecycle.snapshot import Execution
from models.lifecycle.transition import Transition
from runner.engine.request import CommandRequest, Outcome
from runner.store import idempotency
from runner.store.execution.snapshots import load_executions
from runner.store.idempotency import Key
from runner.store.plans import Plans
from runner.store.postgres.connection import Connection

CREATE = "createExecution"
"""The mutation under which the keys of created executions are stored."""
_MUTATIONS: Mapping[type[Beginning], str] = {Create: CREATE, RecordExecution: "recordExecution"}


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


@dataclass(slots=True)
class IdempotencyClaims:
    """The idempotency keys of one batch. `ids` are those of new executions with a key."""

    requests: Sequence[CommandRequest]
    outcomes: dict[CommandRequest, Outcome]
    executions: Mapping[UUID, Execution]
    plans: Plans
    ids: dict[CommandRequest, UUID] = field(default_factory=dict)
    repeated: dict[CommandRequest, Key] = field(default_factory=dict)
    """The requests whose key was used before, each with the stored key."""

    async def claim(
        self, connection: Connection, now: datetime, new_id: Callable[[], UUID]
    ) -> None:
        """Stores the keys of new executions. Done before anything is decided, because a new execution may take a
        slot."""
        begun = [(one, one.command) for one in self.requests if isinstance(one.command, Beginning)]
        keyed = [(one, command) for one, command in begun if command.idempotency_key is not None]
        self.ids = {one: id_for(command, now, new_id) for one, command in keyed}
        mine = {
            request: key_of(request, id)
            for request, id in self.ids.items()
            if request not in self.outcomes
        }
        stored = await idempotency.take(connection, list(mine.values()))
        self.repeated = {
            request: stored[key.name]
            for request, key in mine.items()
            if stored[key.name].answer != key.answer
        }

    async def answer_repeated(self, connection: Connection) -> None:
        """Answers repeated requests like the first one. Releases the keys of executions that could not be begun."""
        begun = {id: request for request, id in self.ids.items()}
        for request, found in self.repeated.items():
            first = begun.get(found.answer)
            refused = self.outcomes.get(first) if first else None
            if isinstance(refused, HeadwayError):
                self.outcomes[request] = refused
            else:
                key = key_of(request, self.ids[request])
                self.outcomes[request] = await self._first_answer(connection, key, found)
        unused = [
            key_of(request, id)
            for request, id in self.ids.items()
            if request not in self.repeated and isinstance(self.outcomes[request], HeadwayError)
        ]
        await idempotency.release(connection, unused)

    async def answer_notes(self, connection: Connection) -> None:
        """Answers requests for notes whose key was used before: the note is not added again."""
        mine = {
            request: key
            for request in self.requests
            if request not in self.outcomes and (key := note_key(request))
        }
        stored = await idempotency.take(connection, list(mine.values()))
        for request, key in mine.items():
            found = stored[key.name]
            if found.answer != key.answer:
                assert request.execution_id
                same = found.digest == key.digest
                self.outcomes[request] = (
                    Transition(self.executions[request.execution_id])
                    if same
                    else idempotency.conflict(key)
                )

    async def _first_answer(
        self, connection: Connection, key: idempotency.Key, found: idempotency.Key
    ) -> Outcome:
        if found.digest != key.digest:
            return idempotency.conflict(key)
        first = self.executions.get(found.answer)
        if first is None:
            loaded = await load_executions(connection, self.plans, [found.answer])
            first = loaded.get(found.answer)
        if first is None:
            return Refused.not_found(
                "the execution created with this idempotency key has been deleted"
            )
        return Transition(first)
