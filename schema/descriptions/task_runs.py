from typing import Final

from schema.descriptions.words import ID, Words, paged

TASK_RUNS: Final[Words] = {
    "TaskRun": (
        "One task within one execution.",
        {
            "id": ID,
            "key": "Its place in the execution: the task's key.",
            "execution": "The execution that it belongs to.",
            "task": "The task that it runs, as its revision says.",
            "state": "Where it is in its lifecycle.",
            "stateHistory": "Every state that it changed to, in order.",
            "progress": "From 0 to 1, as the task said of itself; 1 when it has ended.",
            "message": "What it last said of its progress, in words; null when it said nothing.",
            "attempts": "Its attempts, in order.",
            "inputs": "The task's settings with their expressions evaluated, as its latest attempt got them.",
            "outputs": "What it set, by name; `artifacts` holds those that it made, by name.",
            "metrics": "The numbers that it recorded, in the order of their times.",
            "artifacts": "What it used and made.",
            "logs": "What it wrote. Without `first` and `last`, from the beginning.",
            "logs(attempt)": "Only what the attempt of this number wrote.",
            "logs(minLevel)": "Only lines of this level and above.",
            **paged("logs"),
            "approval": "Its latest request for a decision; null when it made none.",
            "waitingFor": "Why it does not move; empty when it does, or has ended.",
            "retryAt": "When its next attempt may start; null unless it is RETRYING.",
            "startedAt": "When its first attempt started; null before.",
            "endedAt": "When it ended; null before.",
            "duration": "Seconds from its start to its end, or until now; null before it started.",
            "error": "Why its latest attempt failed; null when it did not.",
            "availableActions": "The actions on task runs, whether each is possible now and, if not, why.",
        },
    ),
    "TaskError": (
        "Why an attempt failed.",
        {
            "code": "Short and stable, as EXIT_CODE, TIMED_OUT, EXPRESSION or WORKER_LOST.",
            "message": "The error, in words.",
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
            "exitCode": "Of its process: negative for a signal; null without a process, or before its end.",
            "error": "Why it failed; null when it did not.",
            "resources": "What its processes used; null without a process, or before its end.",
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
