"""The life of an execution, read from the log by its id."""

import logging
from dataclasses import fields
from typing import Any

import pytest

from models.events.events import TYPES, ExecutionCreated
from models.ids import new_id, typed
from models.lifecycle.commands.commands import Create, Finish, Start
from models.lifecycle.commands.outcomes import Failed
from models.run_options import RunOptions
from models.task_error import TaskError
from runner.engine import transition_log
from tests.models.lifecycle.stage import Stage
from tests.runner.engines import USER, Engines, engines, run

__all__ = ["engines"]

TRANSITIONS = "headway.transitions"
MOVES = ("task", "attempt", "from_state", "to_state")


def moves_of(caplog: pytest.LogCaptureFixture, id: str) -> list[tuple[Any, ...]]:
    return moves_of_records(caplog.records, id)


def moves_of_records(records: list[logging.LogRecord], id: str) -> list[tuple[Any, ...]]:
    return [
        tuple(getattr(record, name, None) for name in MOVES)
        for record in records
        if record.name == TRANSITIONS and getattr(record, "execution_id", None) == id
    ]


async def test_the_log_has_each_change_of_state_with_the_ids_as_fields(
    engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, TRANSITIONS)
    execution = await engines.create()
    other = await engines.create()
    await run(engines, execution.id, "a")
    lease, taken = new_id(), await engines.queue.take(["default"], 500)
    (job,) = [job for job in taken if job.execution_id == execution.id]
    begin = Start("b", 1, new_id(), "worker:w", lease, job.id)
    await engines.first.execute(execution.id, begin)
    failed = Failed(TaskError("EXIT_CODE", "exit code 3"))
    await engines.second.execute(execution.id, Finish("b", lease, 1, failed, exit_code=3))
    id = typed("exec", execution.id)
    assert moves_of(caplog, id) == [
        (None, None, None, "CREATED"),
        (None, None, "CREATED", "RUNNING"),
        ("a", None, "CREATED", "QUEUED"),
        ("a", 1, "QUEUED", "RUNNING"),
        ("a", 1, "RUNNING", "SUCCESS"),
        ("b", None, "CREATED", "QUEUED"),
        ("b", 1, "QUEUED", "RUNNING"),
        ("b", 1, "RUNNING", "FAILED"),
        (None, None, "RUNNING", "FAILED_FINISHING"),
        (None, None, "FAILED_FINISHING", "FAILED"),
    ]
    assert len(moves_of(caplog, typed("exec", other.id))) == 3
    sentences = [each.getMessage() for each in caplog.records if id in each.getMessage()]
    assert len(sentences) == 10
    assert sentences[-3] == (
        f"{execution.name} ({id}) task b attempt 1: RUNNING -> FAILED by engine: exit code 3"
    )
    (last,) = [each for each in caplog.records if each.getMessage() == sentences[-3]]
    assert (vars(last)["error_code"], vars(last)["seq"]) == ("EXIT_CODE", 8)
    assert vars(last)["flow"] == engines.plan.spec.id
    assert vars(last)["namespace"] == engines.plan.spec.namespace
    assert sentences[-1] == (
        f"{execution.name} ({id}): FAILED_FINISHING -> FAILED by engine: task b: exit code 3"
    )
    failures = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert moves_of_records(failures, id) == [
        ("b", 1, "RUNNING", "FAILED"),
        (None, None, "FAILED_FINISHING", "FAILED"),
    ]


async def test_the_exit_code_is_in_the_text_of_a_failure_with_another_message(
    engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, TRANSITIONS)
    execution = await engines.create()
    lease, taken = new_id(), await engines.queue.take(["default"], 500)
    (job,) = [job for job in taken if job.execution_id == execution.id]
    await engines.first.execute(execution.id, Start("a", 1, new_id(), "worker:w", lease, job.id))
    failed = Failed(TaskError("EXIT_CODE", "no route to db-2"))
    await engines.first.execute(execution.id, Finish("a", lease, 1, failed, exit_code=3))
    assert any(
        each.getMessage().endswith("RUNNING -> FAILED by engine: no route to db-2 (exit code 3)")
        for each in caplog.records
    )


async def test_a_command_that_is_refused_leaves_no_record(
    engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, TRANSITIONS)
    with pytest.raises(Exception, match="no task nothing"):
        command = Create(engines.plan, options=RunOptions(disabled_tasks=("nothing",)))
        await engines.first.create(command, USER)
    assert [each for each in caplog.records if each.name == TRANSITIONS] == []


@pytest.mark.parametrize("fact", TYPES)
def test_a_change_of_state_is_info_and_every_other_event_is_debug(
    fact: type[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, TRANSITIONS)
    stage = Stage("id: x\nnamespace: y\ntasks: [{id: a, type: log, message: a}]\n")
    values = dict.fromkeys((field.name for field in fields(fact)), None)
    made = object.__new__(fact)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    moves = fact is ExecutionCreated or "to_state" in values
    if "to_state" in values:
        object.__setattr__(made, "to_state", "RUNNING")
    event = stage.events[0]
    transition_log.log_events(
        stage.execution, [type(event)(new_id(), 7, event.at, event.origin, made)]
    )
    (record,) = caplog.records
    assert record.levelno == (logging.INFO if moves else logging.DEBUG)
    assert (vars(record)["event"], vars(record)["seq"]) == (TYPES[fact].name, 7)
