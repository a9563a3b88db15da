"""The commands on an execution's record; a part of `Command`."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AddNote:
    """With an `idempotency_key` the same `digest` adds nothing and answers with the first note."""

    note_id: UUID
    text: str
    idempotency_key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    pass


@dataclass(frozen=True, slots=True)
class Unarchive:
    pass


@dataclass(frozen=True, slots=True)
class Delete:
    """The data that goes with it besides its own record: log lines, metrics, and artifacts with their stored files."""

    logs: bool = True
    metrics: bool = True
    artifacts: bool = True


RecordCommand = AddNote | Archive | Unarchive | Delete


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """The files that a deleted execution's tasks left in the artifact store. Not for `decide`: the courier's."""
