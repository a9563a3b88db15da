"""Descriptions of comparisons and statistics."""

from typing import Final

from schema.descriptions.shared_texts import Descriptions

_CELLS: Final = "One for each execution, in the order of `executions`."
_ROW: Final = "Whether any value differs from the baseline."
_CELL: Final = "Whether it differs from the baseline."
_DELTA: Final = (
    "The difference to the baseline, negative if smaller; null if either value is missing."
)
_PERCENT: Final = "`delta` in percent of the baseline; null if the baseline is 0 or missing."
_NUMBERS: Final = {
    "total": "The number of executions.",
    "ended": "The number of ended executions.",
    "succeeded": "The number that ended in SUCCESS, WARNING or CACHED.",
    "failed": "The number that ended in FAILED or ERROR. Killed, cancelled and rejected executions do not count as "
    "failed.",
    "successRate": "`succeeded` divided by `ended`, from 0 to 1; null if none has ended.",
    "failureRate": "`failed` divided by `ended`, from 0 to 1; null if none has ended.",
    "averageDuration": "The average number of seconds from start to end, of executions that started and ended; null "
    "without any.",
    "p50Duration": "The median duration, in seconds.",
    "p95Duration": "The 95th percentile of durations, in seconds.",
}

MEASURING: Final[Descriptions] = {
    "DurationStats": (
        "The usual duration of executions of a flow and kind, from the newest 100 that ended in SUCCESS or WARNING.",
        {
            "p50": "The median duration, in seconds.",
            "p95": "The 95th percentile of durations, in seconds.",
            "count": "The number of executions measured.",
        },
    ),
    "TaskDuration": (
        "The usual duration of a task; within a foreach, of one iteration.",
        {
            "key": "The key of the task in the document, also within a foreach.",
            "p50": "The median duration of its task runs, in seconds.",
            "count": "The number of task runs measured.",
        },
    ),
    "HistogramBar": (
        "One bar of a histogram: a part of the time range and its executions.",
        {
            "start": "The start, inclusive.",
            "end": "The end, exclusive.",
            "states": "The number of executions in each current state that occurs, in the order of the lifecycle.",
            "total": "The total number of executions.",
        },
    ),
    "Comparison": (
        "2 to 5 executions side by side. The first is the baseline that the others are compared with.",
        {
            "executions": "The executions, in the requested order.",
            "about": "General fields: namespace, flowKey, kind, revision, origin, state, createdBy, onFailure, "
            "disabledTasks, failure.",
            "inputs": "The inputs. Secret values are masked, so they never count as different.",
            "outputs": "The outputs.",
            "properties": "The properties.",
            "labels": "The labels.",
            "git": "The code that ran: commit, branch, repository, author, message.",
            "durations": "The durations: `total` from start to end or until now, and `queued`, the time before the "
            "start.",
            "metrics": "The metrics. Each name of each task, with each set of tags, is a row.",
            "artifacts": "The used artifacts, then the made ones; by name.",
            "tasks": "The tasks, in the order of the flow. All iterations of a foreach share one row: `each[].key`.",
            "states": "The sequence of states of each execution.",
        },
    ),
    "ValueComparison": (
        "A value of several executions.",
        {"key": "The key.", "values": _CELLS, "differs": _ROW},
    ),
    "ComparedValue": (
        "A value of one execution.",
        {
            "value": "The value.",
            "present": "Whether the execution has the value, which may be null.",
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
            "value": "Seconds; null before the beginning.",
            "delta": _DELTA,
            "percent": _PERCENT,
            "differs": "Whether it differs from the baseline by more than a second and more than 10 %, or is missing "
            "in one of them.",
        },
    ),
    "MetricComparison": (
        "A metric of several executions.",
        {
            "name": "The name.",
            "taskKey": "The key of the task run; null for the execution as a whole.",
            "tags": "Tags that distinguish it from other metrics of the same name.",
            "kind": "How the values are combined.",
            "values": _CELLS,
            "differs": _ROW,
        },
    ),
    "ComparedMetric": (
        "A metric of one execution. If a task was retried, of the newest attempt that recorded it.",
        {
            "value": "The last recorded value; for a COUNTER the sum. Null without a value.",
            "delta": _DELTA,
            "percent": _PERCENT,
            "number": "The number of recorded values.",
            "points": "The values by step, for a chart. More than 500 are reduced to 500, evenly spaced, including "
            "the first and the last.",
            "differs": _CELL,
        },
    ),
    "MetricPoint": (
        "A value of a metric.",
        {
            "step": "The step, such as an epoch; null without one.",
            "value": "The value.",
            "at": "When it was recorded.",
            "elapsed": "Seconds since the start of the execution; null before the start.",
        },
    ),
    "ArtifactComparison": (
        "An artifact that several executions used or made.",
        {
            "name": "The name.",
            "direction": "Whether the artifact was used or made.",
            "values": _CELLS,
            "differs": _ROW,
        },
    ),
    "ComparedArtifacts": (
        "The artifacts that one execution used or made under a name.",
        {
            "versions": "The versions; empty without any.",
            "uses": "The uses. If a task was retried, those of its newest attempt.",
            "differs": "Whether the versions, or the known digests, differ from the baseline's.",
        },
    ),
    "TaskComparison": (
        "A task of several executions.",
        {
            "key": "The key; within a foreach `each[].key`.",
            "values": _CELLS,
            "differs": _ROW,
        },
    ),
    "ComparedTask": (
        "A task of one execution.",
        {
            "taskRuns": "The number of task runs: 0 if the execution does not have the task, many within a foreach.",
            "attempts": "The largest number of attempts of one of the task runs.",
            "states": "The distinct states of the task runs.",
            "duration": "Seconds from the first start to the last end, or until now; null before a start.",
            "delta": _DELTA,
            "percent": _PERCENT,
            "differs": "Whether only one of them has the task, or state, attempts or duration differ (by more than a "
            "second and more than 10 %).",
        },
    ),
    "StatePath": (
        "The sequence of states of an execution.",
        {
            "execution": "The execution.",
            "steps": "The states, starting with CREATED.",
            "differs": "Whether the sequence differs from the baseline's.",
        },
    ),
    "StateStep": (
        "A state of an execution, with its time.",
        {
            "state": "The state.",
            "at": "When the execution entered the state.",
            "lasted": "Seconds spent in the state; null for the last one.",
        },
    ),
    "Bucket": (
        "The length of a bucket. Buckets are aligned to UTC.",
        {
            "MINUTE": "A minute.",
            "HOUR": "An hour.",
            "DAY": "A day.",
            "WEEK": "A week, starting on Monday.",
        },
    ),
    "ExecutionStats": (
        "Statistics of the executions in a time range.",
        {
            **_NUMBERS,
            "since": "The start of the range.",
            "until": "The end of the range.",
            "states": "The number of executions in each state that occurs, in the order of the lifecycle.",
            "buckets": "The time in parts, those without executions too; by creation.",
            "flows": "Statistics by flow, most executions first.",
            "flows(first)": "The maximum number of flows: 1 to 200, 50 by default.",
            "kinds": "Statistics by kind, most executions first.",
            "kinds(first)": "The maximum number of kinds: 1 to 200, 50 by default.",
        },
    ),
    "StatsBucket": (
        "Statistics of a bucket. The first bucket may start before the range, and the last may end after it.",
        {**_NUMBERS, "start": "The start, inclusive.", "end": "The end, exclusive."},
    ),
    "FlowStats": (
        "Statistics of the executions of one flow.",
        {**_NUMBERS, "namespace": "The namespace.", "flowKey": "The key."},
    ),
    "KindStats": ("Statistics of the executions of one kind.", {**_NUMBERS, "kind": "The kind."}),
    "StateCount": (
        "The number of executions in a state.",
        {"state": "The state.", "count": "The number of executions."},
    ),
    "LiveStats": (
        "The current number of executions.",
        {
            "at": "When they were counted.",
            "total": "The total number.",
            "states": "The number of executions in each state that occurs, in the order of the lifecycle. Counting "
            "stops at 10 000 per state.",
        },
    ),
}
