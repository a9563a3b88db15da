from typing import Final

from schema.descriptions.words import AROUND, EXIT_CODE, ID, Words, paged, up_to

MUST_ASK: Final = (
    "Why the approval that it is, or has in it, has to be asked: without the permission OVERRIDE_APPROVAL it cannot be "
    "disabled, nor its decision used again. Null of other tasks, and where the decision stands."
)

TASK_RUNS: Final[Words] = {
    "TaskRun": (
        "One task within one execution.",
        {
            "id": ID,
            "key": "Its place in the execution: the task's key, or `each[3].key` within a foreach.",
            "iteration": "The iteration of the foreach that it belongs to; null outside of one.",
            "cachedFrom": "The execution whose outputs it uses, when it was not run itself.",
            "child": "The execution that it started, as a subflow.",
            "execution": "The execution that it belongs to.",
            "task": "The task that it runs, as its revision says.",
            "state": "Where it is in its lifecycle.",
            "stateHistory": "Every state that it changed to, in order.",
            "progress": "From 0 to 1, as the task said of itself; 1 when it has ended.",
            "message": "What it last said of its progress, in words; null when it said nothing.",
            "attempts": "Its attempts, in order.",
            "inputs": "The task's settings with their expressions evaluated, as its latest attempt got them; "
            "beyond 1 MiB together, of large values how large they are.",
            "outputs": "What its attempt that succeeded, or runs, set by name; `artifacts` holds those that it made, "
            "by name. Of a foreach that has ended: for each of its tasks the outputs of its iterations, in their "
            "order; beyond 16 MiB together only `tooLarge`, a sentence that says so.",
            **up_to("metrics", 10_000),
            "metrics": "The numbers that it recorded, in the order of their times.",
            **up_to("artifacts", 1_000),
            "artifacts": "What it used and made, attempts that did not succeed left out.",
            "logs": "What it wrote, of a foreach also what its iterations wrote. Without `first` and `last`, from the "
            "beginning.",
            "logs(attempt)": "Only what the attempt of this number wrote.",
            "logs(minLevel)": "Only lines of this level and above.",
            "logs(stream)": "Only lines that were written there.",
            "logs(around)": AROUND,
            **paged("logs", most="1000"),
            "approval": "Its latest request for a decision; null when it made none.",
            "waitingFor": "Why it does not move; empty when it does, or has ended.",
            "retryAt": "When its next attempt may start; null unless it is RETRYING.",
            "startedAt": "When its first attempt started; null before.",
            "endedAt": "When it ended; null before.",
            "duration": "Seconds from its start to its end, or until now; null before it started.",
            "error": "Why its latest attempt failed; null when it did not.",
            "availableActions": "The actions on task runs: whether the viewer may take each now and, if not, why.",
        },
    ),
    "Iteration": (
        "One turn of a foreach.",
        {
            "index": "Its position, from 0.",
            "item": "What `item` is in it.",
            "label": "Its item as text of at most 80 characters; of what is no text, its JSON.",
        },
    ),
    "PlannedTask": (
        "What a rerun does with a task.",
        {
            "key": "The task run's key.",
            "plan": "Whether it runs.",
            "why": "Why, in words.",
            "isNew": "Whether the execution that is rerun did not have it.",
            "mustAsk": MUST_ASK,
            "reusedFrom": "The execution whose outputs are used; null when it runs.",
        },
    ),
    "DraftTask": (
        "What a prepared execution would do with a task.",
        {
            "key": "The task's key.",
            "plan": "Whether it runs, as it is drafted.",
            "why": "Why, in words.",
            "isNew": "Whether the execution that is prepared anew did not have it.",
            "mustAsk": MUST_ASK,
            "reusedFrom": "The execution whose outputs are used; null when it runs.",
            "enabled": "Whether it is enabled: not among `disabledTasks`.",
        },
    ),
    "TaskPlan": (
        "What a rerun does with a task.",
        {
            "RUN": "It runs.",
            "REUSE": "It does not run; its outputs are used.",
            "CANNOT": "Another task needs it, and it has no outputs: the rerun is refused.",
        },
    ),
    "Plan": ("What a rerun does, task by task.", {"tasks": "In the order of the document."}),
    "ExecutionDraft": (
        "A new execution, drafted from one that has ended. Nothing is stored or started.",
        {
            "createInput": "A CreateExecutionInput, to edit and to send as it is.",
            "disabledTasks": "The keys of tasks that would not run.",
            "tasks": "Every task of the revision.",
            "concurrency": "The limit of the flow; null without one.",
        },
    ),
    "Concurrency": (
        "How many executions of a flow may run at once.",
        {"limit": "So many.", "behavior": "What becomes of one more."},
    ),
    "ConcurrencyBehavior": (
        "What becomes of an execution for which its flow has no slot left.",
        {
            "QUEUE": "It waits its turn.",
            "CANCEL_NEW": "It ends CANCELLED.",
            "CANCEL_RUNNING": "The oldest one is stopped, and it starts after that.",
            "FAIL": "It ends FAILED.",
        },
    ),
    "TaskError": (
        "Why an attempt failed.",
        {
            "code": "Short and stable, as EXIT_CODE, TIMED_OUT, INVALID_OUTPUT, EXPRESSION or WORKER_LOST.",
            "message": "The cause, in words: of a program the exception or the line with which it failed.",
            "exitCode": EXIT_CODE,
        },
    ),
    "Attempt": (
        "One try of a task run. It is never rewritten: a retry is another attempt.",
        {
            "id": ID,
            "number": "Counted from 1 within its task run.",
            "state": "Where it is in its lifecycle.",
            "worker": "The name of the worker that runs it; null when the engine carries it.",
            "startedAt": "When it started.",
            "endedAt": "When it ended; null before.",
            "duration": "Seconds from its start to its end, or until now.",
            "exitCode": EXIT_CODE,
            "error": "Why it failed; null when it did not.",
            "resources": "What its processes used; null without a process, or before its end.",
            "outputs": "What it set, by name. Those of an attempt that did not succeed are here only.",
            "properties": "What it set of the execution's properties. Those of an attempt that did not succeed are "
            "here only.",
            "progress": "From 0 to 1, as it last reported; null when it reported none.",
            "message": "What it last reported, in words; null when it said nothing.",
            **up_to("metrics", 10_000),
            "metrics": "The numbers that it recorded, in the order of their times.",
            **up_to("artifacts", 1_000),
            "artifacts": "What it used and made. Those of an attempt that did not succeed are here only.",
        },
    ),
    "Resources": (
        "What the processes of an attempt used.",
        {
            "maxRssBytes": "The most resident memory, in bytes.",
            "cpuSeconds": "Processor time of user and system, in seconds.",
        },
    ),
}
