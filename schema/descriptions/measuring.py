"""Executions compared and counted."""

from typing import Final

from schema.descriptions.words import Words

_CELLS: Final = "One for each execution, in their order."
_ROW: Final = "Whether one of them differs from the baseline."
_CELL: Final = "Whether it differs from the baseline."
_DELTA: Final = (
    "How much more it is than the baseline, less than 0 for less; null where either is missing."
)
_PERCENT: Final = "`delta` as a share of the baseline, in percent; null where that is 0 or missing."
_NUMBERS: Final = {
    "total": "How many there are.",
    "ended": "How many of them have ended.",
    "succeeded": "How many ended in SUCCESS, WARNING or CACHED.",
    "failed": "How many ended in FAILED or ERROR. What was killed, cancelled or rejected is no failure.",
    "successRate": "`succeeded` of `ended`, from 0 to 1; null where none has ended.",
    "failureRate": "`failed` of `ended`, from 0 to 1; null where none has ended.",
    "averageDuration": "Seconds from start to end on average, of those that started and ended; null without any.",
    "p50Duration": "Seconds that half of them took at most.",
    "p95Duration": "Seconds that 95 of 100 of them took at most.",
}

MEASURING: Final[Words] = {
    "DurationStats": (
        "How long executions of a flow and kind usually take: of the newest 100 that ended in SUCCESS or WARNING.",
        {
            "p50": "Seconds that half of them took at most.",
            "p95": "Seconds that 95 of 100 of them took at most.",
            "count": "How many they are.",
        },
    ),
    "TaskDuration": (
        "How long a task usually takes; within a foreach, one of its iterations.",
        {
            "key": "The key of the task in the document, also of one within a foreach.",
            "p50": "Seconds that half of its task runs took at most.",
            "count": "How many task runs that is of.",
        },
    ),
    "HistogramBar": (
        "A part of a time, and the executions in it.",
        {
            "start": "Its first moment.",
            "end": "The first moment after it.",
            "states": "The states that any of them is in now, and how many, in the order of a life.",
            "total": "How many they are.",
        },
    ),
    "Comparison": (
        "2 to 5 executions side by side. The first is the baseline, which the others differ from or not.",
        {
            "executions": "The executions, in the order that they were asked for.",
            "about": "What they ran and what became of them: namespace, flowKey, kind, revision, origin, state, "
            "createdBy, onFailure, disabledTasks, failure.",
            "inputs": "Their inputs. Secrets are never compared; they all look alike.",
            "outputs": "Their outputs.",
            "properties": "Their properties.",
            "labels": "Their labels.",
            "git": "The code that ran: commit, branch, repository, author, message.",
            "durations": "Their durations: `total` from start to end or until now, and `queued`, "
            "the time before the start.",
            "metrics": "Their metrics. Each name of each task, with each set of tags, is a row.",
            "artifacts": "What they used, then what they made; by name.",
            "tasks": "Their tasks, in the order of the flow. The iterations of a foreach are one: `each[].key`.",
            "states": "The way of each execution through its states.",
        },
    ),
    "ValueComparison": (
        "A value of several executions.",
        {"key": "Its key.", "values": _CELLS, "differs": _ROW},
    ),
    "ComparedValue": (
        "A value of one execution.",
        {
            "value": "The value.",
            "present": "Whether the execution has it; it may have null.",
            "differs": _CELL,
        },
    ),
    "DurationComparison": (
        "A duration of several executions.",
        {"key": "`total` or `queued`.", "values": _CELLS, "differs": _ROW},
    ),
    "ComparedNumber": (
        "A duration of one execution.",
        {
            "value": "Seconds; null where it has not begun.",
            "delta": _DELTA,
            "percent": _PERCENT,
            "differs": "Whether it is a second and a tenth longer or shorter than the baseline, or missing in one.",
        },
    ),
    "MetricComparison": (
        "A metric of several executions.",
        {
            "name": "Its name.",
            "taskKey": "The task run that it is of; null for the execution as a whole.",
            "tags": "What tells it from others of its name.",
            "kind": "How its values go together.",
            "values": _CELLS,
            "differs": _ROW,
        },
    ),
    "ComparedMetric": (
        "A metric of one execution. Where a task was tried again, it is of the newest attempt that told of it.",
        {
            "value": "The value that was told last; of a COUNTER the sum. Null where there is none.",
            "delta": _DELTA,
            "percent": _PERCENT,
            "number": "How many values were told.",
            "points": "Its values by step, to be drawn over the others'. Of more than 500 so many, evenly, "
            "the first and the last among them.",
            "differs": _CELL,
        },
    ),
    "MetricPoint": (
        "A value of a metric.",
        {
            "step": "Its step, as an epoch; null without one.",
            "value": "The value.",
            "at": "When it was recorded.",
            "elapsed": "Seconds since its execution started; null where it has not.",
        },
    ),
    "ArtifactComparison": (
        "An artifact that several executions used or made.",
        {
            "name": "Its name.",
            "direction": "Whether it was used or made.",
            "values": _CELLS,
            "differs": _ROW,
        },
    ),
    "ComparedArtifacts": (
        "What one execution used or made under a name.",
        {
            "versions": "The versions; empty where there is none.",
            "uses": "The uses themselves. Where a task was tried again, those of its newest attempt.",
            "differs": "Whether the versions, or what is known of their contents, differ from the baseline's.",
        },
    ),
    "TaskComparison": (
        "A task of several executions.",
        {
            "key": "Its key; of a task within a foreach `each[].key`.",
            "values": _CELLS,
            "differs": _ROW,
        },
    ),
    "ComparedTask": (
        "A task of one execution.",
        {
            "taskRuns": "How many task runs it has: 0 where the task is not there, many within a foreach.",
            "attempts": "The most attempts that one of them took.",
            "states": "The states that they are in, each once.",
            "duration": "Seconds from start to end, or until now, of all of them together; null before a start.",
            "delta": _DELTA,
            "percent": _PERCENT,
            "differs": "Whether it is there in one only, in another state, took other attempts, or is a second and "
            "a tenth longer or shorter.",
        },
    ),
    "StatePath": (
        "The way of an execution through its states.",
        {
            "execution": "The execution.",
            "steps": "The states, from CREATED on.",
            "differs": "Whether it went through others than the baseline.",
        },
    ),
    "StateStep": (
        "A state that an execution was in.",
        {
            "state": "The state.",
            "at": "When it entered it.",
            "lasted": "Seconds that it was in it; null of the last.",
        },
    ),
    "Bucket": (
        "How long a part of time is. Each begins where the clock in UTC does.",
        {
            "MINUTE": "A minute.",
            "HOUR": "An hour.",
            "DAY": "A day in UTC.",
            "WEEK": "A week, from Monday on.",
        },
    ),
    "ExecutionStats": (
        "Executions of a time, counted.",
        {
            **_NUMBERS,
            "since": "The time's beginning.",
            "until": "The time's end.",
            "states": "How many are in each state that any is in, in the order of a life.",
            "buckets": "The time in parts, those without executions too; by creation.",
            "flows": "The same by flow, the most frequent first.",
            "flows(first)": "How many at most: 1 to 200, 50 by default.",
            "kinds": "The same by kind, the most frequent first.",
            "kinds(first)": "How many at most: 1 to 200, 50 by default.",
        },
    ),
    "StatsBucket": (
        "Executions of a part of the time. The first part may begin, and the last end, beyond it.",
        {**_NUMBERS, "start": "Its beginning.", "end": "Its end, where the next begins."},
    ),
    "FlowStats": (
        "Executions of one flow.",
        {**_NUMBERS, "namespace": "Its namespace.", "flowKey": "Its key."},
    ),
    "KindStats": ("Executions of one kind.", {**_NUMBERS, "kind": "The kind."}),
    "StateCount": (
        "How many executions are in a state.",
        {"state": "The state.", "count": "How many."},
    ),
    "LiveStats": (
        "How many executions there are now.",
        {
            "at": "When they were counted.",
            "total": "How many in all.",
            "states": "How many are in each state that any is in, in the order of a life. Counting stops at 10 000 "
            "of each.",
        },
    ),
}
