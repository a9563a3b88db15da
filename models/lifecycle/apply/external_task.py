"""Builds the task run of an external run from its event."""

from dataclasses import replace

from models.events.events import TaskRunRecorded
from models.lifecycle.snapshot import Attempt, TaskRun


def recorded_task(before: TaskRun | None, fact: TaskRunRecorded) -> TaskRun:
    task = before or TaskRun(id=fact.id, path=fact.path, key=fact.path, position=fact.position)
    return replace(
        task,
        state=fact.to_state,
        attempt=fact.attempt,
        progress=fact.progress,
        message=fact.message,
        inputs=task.inputs if fact.inputs is None else fact.inputs,
        outputs=task.outputs if fact.outputs is None else fact.outputs,
        error=fact.error,
        started_at=fact.started_at,
        ended_at=fact.ended_at,
        newest=_newest(fact),
    )


def _newest(fact: TaskRunRecorded) -> Attempt | None:
    if fact.attempt_id is None:
        return None
    assert fact.attempt_state and fact.attempt_started_at
    return Attempt(
        fact.attempt_id, fact.attempt, fact.attempt_state, None, None, fact.attempt_started_at
    )
