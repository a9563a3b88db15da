from typing import Final

from schema.descriptions.shared_texts import Descriptions

STATES: Final[Descriptions] = {
    "ExecutionState": (
        "The state of an execution in its lifecycle.",
        {
            "CREATED": "Accepted, not yet processed.",
            "QUEUED": "Held back by its flow's concurrency limit.",
            "RUNNING": "At least one task run can make progress.",
            "PAUSED": "No new task runs start; running ones continue.",
            "WAITING_FOR_APPROVAL": "Only an approval can continue it: nothing is running, queued or waiting for a "
            "retry.",
            "FAILED_FINISHING": "A task has finally failed; the remaining tasks end as `onFailure` specifies.",
            "KILLING": "Cancelled or timed out; running attempts are being ended.",
            "RESTARTED": "Was terminal and is queued to run again.",
            "SUCCESS": "Ended without a failure.",
            "WARNING": "Ended; a task failed whose failure is allowed.",
            "FAILED": "Ended because of a failure.",
            "KILLED": "Stopped by a user, by a timeout with CANCEL, or by CANCEL_ALL.",
            "CANCELLED": "Never started: dropped by the concurrency limit of its flow.",
            "REJECTED": "An approval was rejected.",
            "ERROR": "Headway, not a task, could not continue: for example a lost worker, or an expression that "
            "cannot be evaluated.",
            "CACHED": "Not run: the results of an identical earlier success are reused.",
        },
    ),
    "TaskRunState": (
        "The state of a task run in its lifecycle.",
        {
            "CREATED": "Waits for the tasks that it needs.",
            "QUEUED": "Ready for a worker.",
            "RUNNING": "Runs on a worker, or in the engine, as a `wait` does.",
            "RETRYING": "Waits for its next attempt.",
            "WAITING_FOR_APPROVAL": "Waits for a decision of people.",
            "KILLING": "Its processes are being ended.",
            "SUCCESS": "Ended successfully.",
            "WARNING": "Failed, which its task allows.",
            "FAILED": "Failed, with no attempts left.",
            "ERROR": "Headway could not run it.",
            "KILLED": "Stopped after it had started.",
            "CANCELLED": "Never started, and will not start.",
            "SKIPPED": "Disabled, or its `when` was false. Tasks that need it treat it as a success.",
            "REJECTED": "Its approval was rejected.",
            "CACHED": "Not run: earlier results are reused.",
        },
    ),
    "AttemptState": (
        "The state of an attempt in its lifecycle.",
        {
            "RUNNING": "Not ended.",
            "SUCCESS": "Ended successfully.",
            "FAILED": "Ended with an error.",
            "TIMED_OUT": "Ended by the task's `timeout`; counts as a failure.",
            "KILLED": "Ended because the execution was stopped.",
            "LOST": "Its worker sent no heartbeat in time, or handed the attempt back; a late result is refused.",
        },
    ),
    "Action": (
        "What a person or program can do with an execution or a task run.",
        {
            "CANCEL": "Stop the execution.",
            "PAUSE": "Start no new task runs; running ones continue.",
            "RESUME": "Continue after a pause.",
            "RETRY_FAILED": "Start a new attempt of failed task runs while the execution is FAILED_FINISHING, or "
            "PAUSED with a failure.",
            "RESTART": "Run the failed tasks of an ended execution again.",
            "REPLAY": "Start a new execution from this one.",
            "PREPARE_EXECUTION": "Draft a new execution in which the tasks that succeeded are disabled.",
            "FORCE_RUN": "Start now, regardless of concurrency limits and backoff.",
            "CHANGE_STATE": "Change the terminal state of the execution.",
            "CHANGE_TASK_RUN_STATE": "Change the terminal state of a task run.",
            "SET_LABELS": "Change the labels.",
            "ADD_NOTE": "Add a note.",
            "ARCHIVE": "Hide the execution from lists and exclude it from pruning.",
            "UNARCHIVE": "Show the execution in lists again.",
            "DELETE": "Delete the execution.",
            "APPROVE": "Approve the request that a task run waits for.",
            "REJECT": "Reject the request that a task run waits for.",
        },
    ),
}
