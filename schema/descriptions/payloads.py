from typing import Final

from schema.descriptions.shared_texts import Descriptions

_PROBLEMS: Final = {"problems": "Why the mutation was refused; empty on success."}
_EXECUTION: Final = {"execution": "The execution after the mutation; null if it was refused."}
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
_PLAN: Final = {"plan": "The plan, task by task; null if the mutation was refused."}
_SCHEDULE: Final = {"schedule": "The schedule after the mutation; null if it was refused."}
_VOTE: Final = {"approval": "The request after the mutation; null if it was refused."}


def _result_of(mutation: str) -> str:
    return f"The result of `{mutation[0].lower()}{mutation[1:]}`."


PAYLOADS: Final[Descriptions] = {
    "SaveFlowPayload": (
        _result_of("SaveFlow"),
        {
            "flow": "The flow; null if the document was refused.",
            "revision": "The revision with this text: a new one, or the latest if the text is unchanged.",
            "isNew": "Whether a new revision was created.",
            **_PROBLEMS,
        },
    ),
    **{
        f"{name}Payload": (_result_of(name), {**_EXECUTION, **_PROBLEMS}) for name in _ON_EXECUTIONS
    },
    **{
        f"{name}Payload": (_result_of(name), {**_EXECUTION, **_PLAN, **_PROBLEMS})
        for name in _PLANNED
    },
    "ChangeTaskRunStatePayload": (
        _result_of("ChangeTaskRunState"),
        {
            **_EXECUTION,
            "taskRun": "The task run after the mutation; null if it was refused.",
            **_PROBLEMS,
        },
    ),
    "PrepareExecutionPayload": (
        _result_of("PrepareExecution"),
        {"draft": "The draft; null if the mutation was refused.", **_PROBLEMS},
    ),
    "SendEventPayload": (
        _result_of("SendEvent"),
        {
            "executions": "The executions that received the event, in their current state.",
            **_PROBLEMS,
        },
    ),
    **{
        f"{name}Payload": (_result_of(name), {**_VOTE, **_EXECUTION, **_PROBLEMS})
        for name in ("Approve", "Reject")
    },
    **{
        f"{name}Payload": (_result_of(name), {**_SCHEDULE, **_PROBLEMS})
        for name in ("SaveSchedule", "SetScheduleEnabled")
    },
    "DeleteSchedulePayload": (
        _result_of("DeleteSchedule"),
        {"schedule": "The deleted schedule; null if the mutation was refused.", **_PROBLEMS},
    ),
    "BackfillSchedulePayload": (
        _result_of("BackfillSchedule"),
        {
            **_SCHEDULE,
            "ticks": "The ticks in the range, in order; empty if the mutation was refused.",
            **_PROBLEMS,
        },
    ),
}
