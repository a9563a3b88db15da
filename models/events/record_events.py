"""The facts about notes, archiving and Git; part of `Fact`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """`text` is Markdown source."""

    id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class Archived:
    """Hidden from lists and excluded from pruning."""


@dataclass(frozen=True, slots=True)
class Unarchived:
    pass


@dataclass(frozen=True, slots=True)
class GitSet:
    """The Git information of the code that ran, after the change."""

    git: Mapping[str, Any]
