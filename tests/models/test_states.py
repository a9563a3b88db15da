"""Every state belongs to one group, so that a new one must be put somewhere."""

from itertools import combinations

import pytest

from models.spec.tasks import TASK_CLASSES
from models.states import (
    EXECUTION_ENDS,
    EXECUTION_FAILURES,
    EXECUTION_SUCCESSES,
    FAILED_ENDS,
    NOT_ADMITTED,
    OCCUPIES_SLOT,
    STOPPED_ENDS,
    SUCCESSFUL_ENDS,
    TASK_RUN_ENDS,
    ExecutionState,
    TaskRunState,
)
from runner.executors import BUILT_IN
from server.cli.terminal.rendering import _LOOKS

NEITHER = frozenset({ExecutionState.KILLED, ExecutionState.CANCELLED, ExecutionState.REJECTED})
PARTITIONS = {
    "executions": (frozenset(ExecutionState), (NOT_ADMITTED, OCCUPIES_SLOT, EXECUTION_ENDS)),
    "ends of executions": (EXECUTION_ENDS, (EXECUTION_SUCCESSES, EXECUTION_FAILURES, NEITHER)),
    "ends of task runs": (TASK_RUN_ENDS, (SUCCESSFUL_ENDS, FAILED_ENDS, STOPPED_ENDS)),
}


@pytest.mark.parametrize("whole", PARTITIONS)
def test_each_state_belongs_to_one_group(whole: str) -> None:
    states, groups = PARTITIONS[whole]
    assert frozenset[str]().union(*groups) == states
    assert not any(one & other for one, other in combinations(groups, 2))


def test_the_command_line_has_a_look_for_each_state() -> None:
    assert set(_LOOKS) == {*ExecutionState, *TaskRunState}


def test_workers_have_an_executor_for_each_type_that_the_engine_does_not_run() -> None:
    assert set(BUILT_IN) == {name for name, kind in TASK_CLASSES.items() if not kind.by_engine}


@pytest.mark.parametrize("type", TASK_CLASSES)
def test_expressions_are_allowed_only_in_keys_that_the_type_has(type: str) -> None:
    keys = {field.alias or name for name, field in TASK_CLASSES[type].model_fields.items()}
    assert TASK_CLASSES[type].expressions <= keys
