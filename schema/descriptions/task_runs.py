from typing import Final

from schema.descriptions.shared_texts import AROUND, EXIT_CODE, ID, Descriptions, paged, up_to

APPROVAL_NEEDED: Final = (
    "Why the approval that this task is, or contains, must be requested again: it cannot be disabled, nor its "
    "decision reused, without the permission OVERRIDE_APPROVAL. Null for other tasks, and if the earlier decision "
    "remains valid."
)

TASK_RUNS: Final[Descriptions] = {
    "TaskRun": (
        "The run of one task within one execution.",
        {
            "id": ID,
            "key": "The path in the execution: the task's key, or `each[3].key` within a foreach.",
            "iteration": "The iteration of the foreach that contains it; null outside a foreach.",
            "cachedFrom": "The execution whose outputs are reused; null if the task run ran itself.",
            "child": "The execution that it started, for a subflow task.",
            "execution": "The execution of the task run.",
            "task": "The task of the revision.",
            "state": "The current state.",
            "stateHistory": "All state changes, in order.",
            "progress": "From 0 to 1, as the task reported it; 1 when it has ended.",
            "message": "The last progress message of the task; null if it reported none.",
            "attempts": "The attempts, in order.",
            "inputs": "The task's settings with their expressions evaluated, as the latest attempt received them. If "
            "they exceed 1 MiB in total, large values are replaced by their size.",
            "outputs": "The outputs of the attempt that succeeded or is running, by name; `artifacts` holds the "
            "artifacts it made, by name. For a foreach that has ended: for each of its tasks the outputs of all "
            "iterations, in order; if they exceed 16 MiB in total, only `tooLarge`, an explanation.",
            **up_to("metrics", 10_000),
            "metrics": "The recorded metrics, in order of time.",
            **up_to("artifacts", 1_000),
            "artifacts": "The artifacts used and made, except those of attempts that did not succeed.",
            "logs": "The log of the task run, for a foreach including its iterations. Without `first` and `last`, "
            "from the beginning.",
            "logs(attempt)": "Only lines of the attempt with this number.",
            "logs(minLevel)": "Only lines of this level and above.",
            "logs(stream)": "Only lines of this stream.",
            "logs(around)": AROUND,
            **paged("logs", most="1000"),
            "approval": "The latest approval request; null if there is none.",
            "waitingFor": "Why the task run makes no progress; empty if it does, or has ended.",
            "retryAt": "When the next attempt may start; null unless RETRYING.",
            "startedAt": "When the first attempt started; null before.",
            "endedAt": "When the task run ended; null before.",
            "duration": "Seconds from start to end, or until now; null before the start.",
            "error": "Why the latest attempt failed; null if it did not.",
            "availableActions": "The actions on task runs: whether the viewer may take each one now and, if not, why.",
        },
    ),
    "Iteration": (
        "An iteration of a foreach.",
        {
            "index": "The position, from 0.",
            "item": "The value of `item` in the iteration.",
            "label": "The item as text of at most 80 characters; as JSON if it is not text.",
        },
    ),
    "PlannedTask": (
        "The plan of a rerun for one task.",
        {
            "key": "The task run's key.",
            "plan": "Whether the task will run.",
            "why": "The reason, as a sentence.",
            "isNew": "Whether the task is missing in the execution that is rerun.",
            "mustAsk": APPROVAL_NEEDED,
            "reusedFrom": "The execution whose outputs are reused; null if the task runs.",
        },
    ),
    "DraftTask": (
        "The plan of a prepared execution for one task.",
        {
            "key": "The task's key.",
            "plan": "Whether the task will run, according to the draft.",
            "why": "The reason, as a sentence.",
            "isNew": "Whether the task is missing in the execution that the draft is based on.",
            "mustAsk": APPROVAL_NEEDED,
            "reusedFrom": "The execution whose outputs are reused; null if the task runs.",
            "enabled": "Whether the task is enabled: not listed in `disabledTasks`.",
        },
    ),
    "TaskPlan": (
        "The plan of a rerun for one task.",
        {
            "RUN": "The task runs.",
            "REUSE": "The task does not run; its earlier outputs are reused.",
            "CANNOT": "Another task needs it, but it has no outputs: the rerun is refused.",
        },
    ),
    "Plan": ("What a rerun does, task by task.", {"tasks": "In the order of the document."}),
    "ExecutionDraft": (
        "A draft of a new execution, based on an ended one. Nothing is stored or started.",
        {
            "createInput": "A complete CreateExecutionInput, to edit and send.",
            "disabledTasks": "The keys of the tasks that would not run.",
            "tasks": "All tasks of the revision.",
            "concurrency": "The concurrency limit of the flow; null without one.",
        },
    ),
    "Concurrency": (
        "The concurrency limit of a flow.",
        {
            "limit": "The maximum number of executions that run at once.",
            "behavior": "What happens to an execution beyond the limit.",
        },
    ),
    "ConcurrencyBehavior": (
        "What happens to an execution if its flow has no free slot.",
        {
            "QUEUE": "It waits for a free slot.",
            "CANCEL_NEW": "It ends CANCELLED.",
            "CANCEL_RUNNING": "The oldest running execution is stopped, then the new one starts.",
            "FAIL": "It ends FAILED.",
        },
    ),
    "TaskError": (
        "Why an attempt failed.",
        {
            "code": "A short, stable code, such as EXIT_CODE, TIMED_OUT, INVALID_OUTPUT, EXPRESSION or WORKER_LOST.",
            "message": "The cause; for a program the exception, or the line with which it failed.",
            "exitCode": EXIT_CODE,
        },
    ),
    "Attempt": (
        "One attempt of a task run. It is never overwritten: a retry is a new attempt.",
        {
            "id": ID,
            "number": "Counted from 1 within its task run.",
            "state": "The current state.",
            "worker": "The name of the worker that runs the attempt; null if the engine runs it.",
            "startedAt": "When the attempt started.",
            "endedAt": "When the attempt ended; null before.",
            "duration": "Seconds from start to end, or until now.",
            "exitCode": EXIT_CODE,
            "error": "Why the attempt failed; null if it did not.",
            "resources": "The resource usage of its processes; null without a process, or before the end.",
            "outputs": "The outputs that it set, by name. Outputs of an attempt that did not succeed are available "
            "only here.",
            "properties": "The properties of the execution that it set. Those of an attempt that did not succeed are "
            "available only here.",
            "progress": "From 0 to 1, as last reported; null if not reported.",
            "message": "The last reported message; null if none was reported.",
            **up_to("metrics", 10_000),
            "metrics": "The recorded metrics, in order of time.",
            **up_to("artifacts", 1_000),
            "artifacts": "The artifacts used and made. Those of an attempt that did not succeed are available only "
            "here.",
        },
    ),
    "Resources": (
        "The resource usage of the processes of an attempt.",
        {
            "maxRssBytes": "The maximum resident memory, in bytes.",
            "cpuSeconds": "Processor time (user and system), in seconds.",
        },
    ),
}
