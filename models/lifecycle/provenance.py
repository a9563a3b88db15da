"""The origin of a new execution, and the task runs of earlier ones that it reuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.events.events import Parent
from models.states import TaskRunState


@dataclass(frozen=True, slots=True)
class Reused:
    """A task run of an earlier execution that a new execution reuses: its end and its outputs.

    `context` is the digest of that execution's revision and inputs. If the task needs an approval, `decided_on` is the
    digest of what was decided on; without it the decision cannot be reused, and `undecided` is the reason.
    """

    state: TaskRunState
    outputs_from: UUID
    outputs: Mapping[str, Any]
    context: str | None = None
    decided_on: str | None = None
    undecided: str | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """The executions that a new execution reruns, replays or has its outputs from, and its parent."""

    rerun_of: UUID | None = None
    replay_of: UUID | None = None
    original_id: UUID | None = None
    cached_from: UUID | None = None
    parent: Parent | None = None
