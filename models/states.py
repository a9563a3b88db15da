"""The states of an execution, a task run, an attempt and an approval, and the moves between them.

Everything else is derived from these tables: terminal and active states, and the diagrams in the documents.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

State = TypeVar("State", bound=StrEnum)


class ExecutionState(StrEnum):
    CREATED = "CREATED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    WAITING_FOR_APPROVAL = "WAITING_FOR_APPROVAL"
    FAILED_FINISHING = "FAILED_FINISHING"
    KILLING = "KILLING"
    RESTARTED = "RESTARTED"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    ERROR = "ERROR"
    CACHED = "CACHED"


class TaskRunState(StrEnum):
    CREATED = "CREATED"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    WAITING_FOR_APPROVAL = "WAITING_FOR_APPROVAL"
    KILLING = "KILLING"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    ERROR = "ERROR"
    KILLED = "KILLED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"
    REJECTED = "REJECTED"
    CACHED = "CACHED"


class Condition(StrEnum):
    """The result of a task's `when`, as stored with its task run."""

    EVALUATING = "ASKED"
    HOLDS = "HOLDS"
    FAILS = "FAILS"


class AttemptState(StrEnum):
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    KILLED = "KILLED"
    LOST = "LOST"


class ApprovalState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


class FailureAction(StrEnum):
    FINISH_RUNNING = "FINISH_RUNNING"
    FINISH_POSSIBLE = "FINISH_POSSIBLE"
    CANCEL_ALL = "CANCEL_ALL"


class OnWorkerLost(StrEnum):
    RETRY = "RETRY"
    FAIL = "FAIL"


class CommentRule(StrEnum):
    NEVER = "NEVER"
    ON_REJECT = "ON_REJECT"
    ALWAYS = "ALWAYS"


class OnTimeout(StrEnum):
    """The end of an approval that was not decided in time."""

    REJECT = "REJECT"
    APPROVE = "APPROVE"
    FAIL = "FAIL"
    CANCEL = "CANCEL"
    SKIP = "SKIP"
    ESCALATE = "ESCALATE"


class OnReject(StrEnum):
    REJECT = "REJECT"
    FAIL = "FAIL"
    SKIP_DOWNSTREAM = "SKIP_DOWNSTREAM"


class ReuseDecision(StrEnum):
    NEVER = "NEVER"
    SAME_INPUTS = "SAME_INPUTS"


class OnExecutionTimeout(StrEnum):
    FAIL = "FAIL"
    CANCEL = "CANCEL"


class RestartChild(StrEnum):
    """The treatment of a subflow's child execution when a person runs the subflow task again."""

    RESUME = "RESUME"
    NEW = "NEW"


class RunIf(StrEnum):
    """The ends of the needed tasks after which a task starts."""

    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    ALWAYS = "ALWAYS"


class ConcurrencyBehavior(StrEnum):
    """The treatment of an execution for which its flow has no free slot."""

    QUEUE = "QUEUE"
    CANCEL_NEW = "CANCEL_NEW"
    CANCEL_RUNNING = "CANCEL_RUNNING"
    FAIL = "FAIL"


class Section(StrEnum):
    """The part of a flow that a task is in."""

    TASKS = "tasks"
    ERRORS = "errors"
    FINALLY = "finally"


class VoteDecision(StrEnum):
    APPROVE = "APPROVE"
    REJECT = "REJECT"


class LabelMode(StrEnum):
    MERGE = "MERGE"
    REPLACE = "REPLACE"
    REMOVE = "REMOVE"


class Channel(StrEnum):
    API = "API"
    UI = "UI"
    CLI = "CLI"
    ENGINE = "ENGINE"


class Origin(StrEnum):
    HEADWAY = "HEADWAY"
    EXTERNAL = "EXTERNAL"


def _table(states: type[State], rows: Mapping[str, str]) -> Mapping[State, frozenset[State]]:
    return {
        state: frozenset(states(name) for name in rows.get(state, "").split()) for state in states
    }


EXECUTION_MOVES = _table(
    ExecutionState,
    {
        "CREATED": "QUEUED RUNNING KILLING CANCELLED FAILED CACHED ERROR",
        "QUEUED": "RUNNING KILLING CANCELLED ERROR FAILED",
        "RUNNING": "PAUSED WAITING_FOR_APPROVAL FAILED_FINISHING KILLING SUCCESS WARNING ERROR KILLED CACHED",
        "PAUSED": "RUNNING WAITING_FOR_APPROVAL FAILED_FINISHING KILLING ERROR",
        "WAITING_FOR_APPROVAL": "RUNNING PAUSED FAILED_FINISHING KILLING SUCCESS WARNING ERROR KILLED",
        "FAILED_FINISHING": "RUNNING PAUSED KILLING FAILED REJECTED ERROR KILLED",
        "KILLING": "KILLED ERROR",
        "RESTARTED": "RUNNING QUEUED KILLING ERROR",
    },
)
"""The moves of a running execution. Terminal states have no row."""

EXECUTION_RETURNS = _table(
    ExecutionState,
    {
        "SUCCESS": "RESTARTED WARNING FAILED KILLED CANCELLED",
        "WARNING": "RESTARTED SUCCESS FAILED KILLED CANCELLED",
        "FAILED": "RESTARTED SUCCESS WARNING KILLED CANCELLED",
        "KILLED": "RESTARTED SUCCESS WARNING FAILED CANCELLED",
        "CANCELLED": "RESTARTED SUCCESS WARNING FAILED KILLED",
        "REJECTED": "RESTARTED SUCCESS WARNING FAILED KILLED CANCELLED",
        "ERROR": "RESTARTED SUCCESS WARNING FAILED KILLED CANCELLED",
        "CACHED": "RESTARTED SUCCESS WARNING FAILED KILLED CANCELLED",
    },
)
"""The moves by which a person restarts an ended execution or corrects its end."""

TASK_RUN_MOVES = _table(
    TaskRunState,
    {
        "CREATED": "QUEUED RUNNING WARNING ERROR KILLED CANCELLED SKIPPED CACHED",
        "QUEUED": "RUNNING FAILED KILLED CANCELLED",
        "RUNNING": "RETRYING QUEUED WAITING_FOR_APPROVAL KILLING SUCCESS WARNING FAILED ERROR REJECTED "
        "KILLED CANCELLED CACHED",
        "RETRYING": "RUNNING QUEUED FAILED KILLED",
        "WAITING_FOR_APPROVAL": "SUCCESS WARNING SKIPPED FAILED REJECTED KILLED",
        "KILLING": "KILLED SUCCESS WARNING FAILED RETRYING",
    },
)

TASK_RUN_RETURNS = _table(
    TaskRunState,
    {
        "SUCCESS": "CREATED WARNING FAILED SKIPPED",
        "WARNING": "CREATED SUCCESS FAILED SKIPPED",
        "FAILED": "CREATED QUEUED SUCCESS WARNING SKIPPED",
        "ERROR": "CREATED QUEUED SUCCESS WARNING FAILED SKIPPED",
        "KILLED": "CREATED QUEUED SUCCESS WARNING FAILED SKIPPED",
        "CANCELLED": "CREATED SUCCESS WARNING FAILED SKIPPED",
        "SKIPPED": "CREATED SUCCESS WARNING FAILED",
        "REJECTED": "CREATED SUCCESS WARNING FAILED SKIPPED",
        "CACHED": "CREATED SUCCESS WARNING FAILED SKIPPED",
    },
)
"""The moves by which a person runs ended task runs again (at once, or after their needs), or corrects their end."""

EXECUTION_ENDS = frozenset(state for state, following in EXECUTION_MOVES.items() if not following)
TASK_RUN_ENDS = frozenset(state for state, following in TASK_RUN_MOVES.items() if not following)
EXECUTION_SUCCESSES = frozenset(
    {ExecutionState.SUCCESS, ExecutionState.WARNING, ExecutionState.CACHED}
)
EXECUTION_FAILURES = frozenset({ExecutionState.FAILED, ExecutionState.ERROR})
"""Ends that count as failures in rates. Killed, cancelled and rejected ones are neither failures nor successes."""
ATTEMPT_ENDS = frozenset(AttemptState) - {AttemptState.RUNNING}

FAILED_ENDS = frozenset({TaskRunState.FAILED, TaskRunState.ERROR, TaskRunState.REJECTED})
"""Ends of a task run that make its execution fail."""
SUCCESSFUL_ENDS = frozenset(
    {TaskRunState.SUCCESS, TaskRunState.WARNING, TaskRunState.SKIPPED, TaskRunState.CACHED}
)
"""Ends of a task run after which the tasks that need it may start."""
STOPPED_ENDS = frozenset({TaskRunState.KILLED, TaskRunState.CANCELLED})
"""Ends of a task run that was stopped: neither a success nor a failure of the task."""
WAITING_FOR_WORKER = frozenset({TaskRunState.QUEUED, TaskRunState.RETRYING})
"""The states in which a task run has a job in the queue."""
WITH_CHILD = frozenset({TaskRunState.RUNNING, TaskRunState.KILLING})
"""States in which a subflow's task run waits for the end of the execution it started."""
NOT_ADMITTED = frozenset({ExecutionState.CREATED, ExecutionState.QUEUED})
OCCUPIES_SLOT = frozenset(ExecutionState) - NOT_ADMITTED - EXECUTION_ENDS
"""States in which an execution counts against its flow's concurrency limit."""
