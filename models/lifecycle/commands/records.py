"""The commands for notes, archiving and deletion."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AddNote:
    """With an `idempotency_key` the same `digest` adds nothing and returns the first note."""

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
    """Deletes the execution and, as chosen, its log lines, its metrics, and its artifacts with their stored files."""

    logs: bool = True
    metrics: bool = True
    artifacts: bool = True


RecordCommand = AddNote | Archive | Unarchive | Delete


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """Deletes the files of a deleted execution from the artifact store. Not for `decide`: the runner does it."""
