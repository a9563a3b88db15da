from typing import Final

from schema.descriptions.words import Words, paged

_INPUT: Final = "What to do, and to what."
_MUTATIONS: Final = {
    "saveFlow": "Save a flow document as a new revision. The same text as the latest makes none.",
    "createExecution": "Start an execution.",
    "cancelExecution": "Stop an execution: KILLING, then KILLED. "
    "Running processes get SIGTERM, and SIGKILL after their task's `kill_grace`. Asked again, the grace is skipped.",
    "pauseExecution": "Start nothing new; what runs goes on.",
    "resumeExecution": "Go on after a pause; what was held back happens now.",
    "retryFailed": "Give what failed a new attempt, while the execution is FAILED_FINISHING, or PAUSED with a failure.",
    "setLabels": "Change the labels of an execution, in any state.",
    "approve": "Vote for what a task run waits for.",
    "reject": "Vote against it. One rejection rejects.",
    "saveSchedule": "Make a schedule of a flow, or change the one of this key, beside those in its document.",
    "deleteSchedule": "Remove a schedule. One that a flow's document declares is removed there.",
    "setScheduleEnabled": "Disable or enable a schedule. Ticks that come while it is disabled never run by themselves.",
    "backfillSchedule": "Run the ticks of a schedule between two moments of the past that have not run, 1000 at most.",
}

ROOTS: Final[Words] = {
    "Query": (
        "What can be read. What is not there, or may not be seen, is null.",
        {
            "viewer": "Who asks, and what they may do.",
            "node": "Anything with an id.",
            "node(id)": "Its id.",
            "nodes": "Several things, in the order of their ids.",
            "nodes(ids)": "Their ids.",
            "namespaces": "The namespaces that have flows, by name.",
            "flow": "A flow.",
            "flow(namespace)": "Its namespace.",
            "flow(key)": "Its key.",
            "flows": "Flows, by page.",
            "flows(where)": "Which.",
            "flows(orderBy)": "Their order, NAME_ASC by default.",
            **paged("flows"),
            "execution": "An execution.",
            "execution(id)": "Its id.",
            "executions": "Executions, by page.",
            "executions(where)": "Which.",
            "executions(orderBy)": "Their order, CREATED_DESC by default.",
            **paged("executions"),
            "approvals": "Requests for decisions, the oldest first.",
            "approvals(where)": "Which.",
            **paged("approvals", backwards=False),
            "schedules": "Schedules, the oldest first.",
            "schedules(where)": "Which.",
            **paged("schedules", backwards=False),
            "workers": "The workers that are, and were lately, there.",
            "validateFlow": "Everything that is wrong with a flow document; empty when it could be saved.",
            "validateFlow(source)": "The document, as YAML.",
            "flowSchema": "The JSON Schema of flow documents, for editors.",
        },
    ),
    "Mutation": (
        "What can be done. A refusal is a problem in the payload, and changes nothing.",
        {
            **_MUTATIONS,
            **{f"{name}(input)": _INPUT for name in _MUTATIONS},
        },
    ),
    "Subscription": (
        "What can be watched, over a socket (`graphql-transport-ws` on /graphql) or SSE (/graphql/stream). "
        "First what is there, then every change, in order.",
        {
            "executionEvents": "The events of an execution, stored and new. It ends after the terminal one.",
            "executionEvents(id)": "The execution.",
            "executionEvents(after)": "A seq: the events after it, to go on where one stopped. 0 by default.",
            "execution": "An execution now, then whenever it changed; what happens in between is left out.",
            "execution(id)": "The execution.",
            "executionList": "A page of executions, then its changes: the rows that enter, change and leave.",
            "executionList(where)": "Which.",
            "executionList(orderBy)": "Their order, CREATED_DESC by default.",
            "executionList(first)": "How many rows to keep in view: 1 to 200, 50 by default.",
            "executionList(after)": "The cursor of an earlier message; it is answered with a reset.",
            "logs": "What an execution's tasks wrote and write. It ends with a complete batch.",
            "logs(executionId)": "The execution.",
            "logs(taskRunId)": "Only what this task run writes.",
            "logs(minLevel)": "Only lines of this level and above.",
            "logs(after)": "The cursor of an earlier batch: the lines after it.",
        },
    ),
}
