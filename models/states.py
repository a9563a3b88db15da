"""The states of an execution, a task run, an attempt and an approval, and the moves between them.

Everything that can be derived from these tables is: what is an end, what is active, what the documents draw.
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
        "CREATED": "QUEUED RUNNING KILLING CANCELLED CACHED ERROR",
        "QUEUED": "RUNNING KILLING CANCELLED ERROR FAILED",
        "RUNNING": "PAUSED WAITING_FOR_APPROVAL FAILED_FINISHING KILLING SUCCESS WARNING ERROR",
        "PAUSED": "RUNNING WAITING_FOR_APPROVAL FAILED_FINISHING KILLING",
        "WAITING_FOR_APPROVAL": "RUNNING PAUSED FAILED_FINISHING KILLING",
        "FAILED_FINISHING": "RUNNING PAUSED KILLING FAILED REJECTED ERROR",
        "KILLING": "KILLED",
        "RESTARTED": "RUNNING QUEUED",
    },
)
"""What may follow what while an execution lives. Its ends have no row of their own."""

TASK_RUN_MOVES = _table(
    TaskRunState,
    {
        "CREATED": "QUEUED RUNNING KILLED CANCELLED SKIPPED CACHED",
        "QUEUED": "RUNNING KILLED CANCELLED",
        "RUNNING": "RETRYING QUEUED WAITING_FOR_APPROVAL KILLING SUCCESS WARNING FAILED ERROR KILLED",
        "RETRYING": "RUNNING QUEUED KILLED",
        "WAITING_FOR_APPROVAL": "SUCCESS REJECTED KILLED",
        "KILLING": "KILLED SUCCESS",
    },
)

TASK_RUN_RETURNS = _table(
    TaskRunState,
    {
        "FAILED": "CREATED QUEUED",
        "ERROR": "CREATED QUEUED",
        "KILLED": "CREATED QUEUED",
        "CANCELLED": "CREATED",
    },
)
"""How a person puts ended task runs back: with a new attempt, or to wait for what they need."""

EXECUTION_ENDS = frozenset(state for state, following in EXECUTION_MOVES.items() if not following)
TASK_RUN_ENDS = frozenset(state for state, following in TASK_RUN_MOVES.items() if not following)
ATTEMPT_ENDS = frozenset(AttemptState) - {AttemptState.RUNNING}

FAILED_ENDS = frozenset({TaskRunState.FAILED, TaskRunState.ERROR, TaskRunState.REJECTED})
"""Ends of a task run that make its execution fail."""
GOOD_ENDS = frozenset(
    {TaskRunState.SUCCESS, TaskRunState.WARNING, TaskRunState.SKIPPED, TaskRunState.CACHED}
)
"""Ends of a task run after which what needs it may start."""
WAITING_FOR_WORKER = frozenset({TaskRunState.QUEUED, TaskRunState.RETRYING})
"""What has a job in the queue."""
