"""Computes from the events which outputs, properties and progress each attempt set, also if it did not succeed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from models.events.events import (
    AttemptEnded,
    AttemptStarted,
    Fact,
    OutputsSet,
    ProgressReported,
    PropertiesSet,
    TaskRunRecorded,
)
from models.lifecycle.apply.changes import merged

VALUE_FACTS = (
    AttemptStarted,
    OutputsSet,
    PropertiesSet,
    ProgressReported,
    AttemptEnded,
    TaskRunRecorded,
)
"""The facts that these values come from."""


@dataclass(frozen=True, slots=True)
class Given:
    """The values of one attempt. `progress` and `message` are the last ones reported."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    progress: float | None = None
    message: str | None = None


NOTHING = Given()


def given_by_attempts(
    facts: Iterable[tuple[UUID | None, Fact]],
) -> Mapping[tuple[UUID, int], Given]:
    """Returns the values by task run id and attempt number. The facts are in order, each with the id of its task run;
    values set while no attempt runs, as by a person, are ignored."""
    found: dict[tuple[UUID, int], Given] = {}
    running: dict[UUID, int] = {}
    for id, fact in facts:
        if id is None:
            continue
        if isinstance(fact, AttemptStarted | TaskRunRecorded):
            running[id] = fact.attempt
        number = running.get(id)
        if number is not None:
            found[id, number] = _after(found.get((id, number), NOTHING), fact)
        if isinstance(fact, AttemptEnded):
            running.pop(id, None)
    return found


def _after(given: Given, fact: Fact) -> Given:
    match fact:
        case OutputsSet():
            return replace(given, outputs=merged(given.outputs, fact.outputs))
        case PropertiesSet():
            return replace(given, properties=merged(given.properties, fact.properties))
        case AttemptEnded():
            return _reported(given, None, fact.message, fact.outputs)
        case ProgressReported():
            return _reported(given, fact.progress, fact.message, None)
        case TaskRunRecorded():
            return _reported(given, fact.progress, fact.message, fact.outputs)
    return given


def _reported(
    given: Given, progress: float | None, message: str | None, outputs: Mapping[str, Any] | None
) -> Given:
    return replace(
        given,
        outputs=merged(given.outputs, outputs),
        progress=given.progress if progress is None else progress,
        message=given.message if message is None else message,
    )
