"""Where a new execution comes from, and what of an earlier one stands for its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.events.events import Parent
from models.states import TaskRunState


@dataclass(frozen=True, slots=True)
class Reused:
    """A task run of an earlier execution that stands for one of the new execution: its end and its outputs.

    `context` is the digest of what that execution began with. Of one that asks people `decided_on` is the digest of
    what was decided on; without it no decision stands, and `undecided` says why.
    """

    state: TaskRunState
    outputs_from: UUID
    outputs: Mapping[str, Any]
    context: str | None = None
    decided_on: str | None = None
    undecided: str | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """Where a new execution comes from. `source` is the execution that it replays, reruns or reuses."""

    rerun_of: UUID | None = None
    replay_of: UUID | None = None
    original_id: UUID | None = None
    cached_from: UUID | None = None
    parent: Parent | None = None
