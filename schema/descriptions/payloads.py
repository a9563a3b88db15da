from typing import Final

from schema.descriptions.words import Words

_PROBLEMS: Final = {"problems": "Why it was refused; empty when it was done."}
_EXECUTION: Final = {"execution": "The execution afterwards; null when it was refused."}
_ON_EXECUTIONS: Final = (
    "CreateExecution",
    "CancelExecution",
    "PauseExecution",
    "ResumeExecution",
    "ForceRun",
    "ChangeState",
    "SetLabels",
    "RecordExecution",
    "RecordTaskRun",
    "RecordMetrics",
    "RecordLogs",
    "RecordArtifacts",
    "RecordProperties",
    "FinishExecution",
    "Heartbeat",
)
_PLANNED: Final = ("RetryFailed", "RestartExecution", "ReplayExecution")
_PLAN: Final = {"plan": "What it does, task by task; null when it was refused."}
_SCHEDULE: Final = {"schedule": "The schedule afterwards; null when it was refused."}
_VOTE: Final = {"approval": "The request afterwards; null when it was refused."}


def _answer(mutation: str) -> str:
    return f"What `{mutation[0].lower()}{mutation[1:]}` answers."


PAYLOADS: Final[Words] = {
    "SaveFlowPayload": (
        _answer("SaveFlow"),
        {
            "flow": "The flow; null when the document was refused.",
            "revision": "The revision with this text: a new one, or the latest when its text is the same.",
            "isNew": "Whether the revision is a new one.",
            **_PROBLEMS,
        },
    ),
    **{f"{name}Payload": (_answer(name), {**_EXECUTION, **_PROBLEMS}) for name in _ON_EXECUTIONS},
    **{
        f"{name}Payload": (_answer(name), {**_EXECUTION, **_PLAN, **_PROBLEMS}) for name in _PLANNED
    },
    "ChangeTaskRunStatePayload": (
        _answer("ChangeTaskRunState"),
        {
            **_EXECUTION,
            "taskRun": "The task run afterwards; null when it was refused.",
            **_PROBLEMS,
        },
    ),
    "PrepareExecutionPayload": (
        _answer("PrepareExecution"),
        {"draft": "The draft; null when it was refused.", **_PROBLEMS},
    ),
    "SendEventPayload": (
        _answer("SendEvent"),
        {"executions": "The executions that got it, as they are afterwards.", **_PROBLEMS},
    ),
    **{
        f"{name}Payload": (_answer(name), {**_VOTE, **_EXECUTION, **_PROBLEMS})
        for name in ("Approve", "Reject")
    },
    **{
        f"{name}Payload": (_answer(name), {**_SCHEDULE, **_PROBLEMS})
        for name in ("SaveSchedule", "SetScheduleEnabled")
    },
    "DeleteSchedulePayload": (
        _answer("DeleteSchedule"),
        {"schedule": "The schedule as it was; null when it was refused.", **_PROBLEMS},
    ),
    "BackfillSchedulePayload": (
        _answer("BackfillSchedule"),
        {
            **_SCHEDULE,
            "ticks": "The ticks between the two moments, in order; empty when it was refused.",
            **_PROBLEMS,
        },
    ),
}
