"""The facts of an execution's record; a part of `Fact`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """Plain text, as Markdown that nobody has rendered."""

    id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class Archived:
    """Hidden from lists and kept from pruning."""


@dataclass(frozen=True, slots=True)
class Unarchived:
    pass


@dataclass(frozen=True, slots=True)
class GitSet:
    """The code that ran, as it is afterwards."""

    git: Mapping[str, Any]
