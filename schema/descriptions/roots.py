from typing import Final

from schema.descriptions.words import Words, paged, up_to

_INPUT: Final = "What to do, and to what."
_SEARCH: Final = (
    "A search, as `state:failed flow:nightly* duration>30m`, that must hold beside `where`."
)
_BY_VALUE: Final = (
    "In place of `orderBy`: by what they have in a column. Refused where more than 50 000 match."
)
_MUTATIONS: Final = {
    "saveFlow": "Save a flow document as a new revision. The same text as the latest makes none.",
    "deleteFlow": "Delete a flow and its schedules. Its executions stay, and those that run go on; "
    "saving it again brings it back.",
    "setFlowEnabled": "Switch a flow off, so that nothing starts it, or on again.",
    "runTest": "Run a document that nobody saved. It becomes no revision of its flow, which need not exist; "
    "the execution has the label `system.test` and is in no list that does not ask for it. "
    "It takes the permissions UPDATE_FLOW and RUN_FLOW.",
    "createExecution": "Start an execution.",
    "cancelExecution": "Stop an execution: KILLING, then KILLED. "
    "Running processes get SIGTERM, and SIGKILL after their task's `kill_grace`. Asked again, the grace is skipped.",
    "pauseExecution": "Start nothing new; what runs goes on.",
    "resumeExecution": "Go on after a pause; what was held back happens now.",
    "retryFailed": "Give what failed a new attempt, while the execution is FAILED_FINISHING, or PAUSED with a failure.",
    "restartExecution": "Run again what failed, was killed, rejected or cancelled of an ended execution; "
    "what succeeded stays. `errors` and `finally` run again.",
    "replayExecution": "Start a new execution from an ended one, from the start or from a task.",
    "prepareExecution": "Draft a new execution from an ended one, in which what succeeded is disabled.",
    "forceRun": "Start now, past concurrency limits and backoff, and go first in line.",
    "changeState": "Set the state that an execution ended in. Nothing else changes.",
    "changeTaskRunState": "Set the state that a task run ended in; the execution goes on from there.",
    "sendEvent": "Send an event to what waits for it.",
    "setLabels": "Change the labels of an execution, in any state.",
    "addNote": "Write a note beside an execution, in any state.",
    "archiveExecutions": "Hide ended executions from lists, and keep them from pruning. Each by itself.",
    "unarchiveExecutions": "Show archived executions in lists again. Each by itself.",
    "deleteExecutions": "Remove ended executions for good. Each by itself. Needs MANAGE.",
    "previewBulk": "Tell what an action would make of many executions, and freeze which they are. "
    "They stay as they are.",
    "runBulk": "Carry out what was previewed. Needs the permission that the action needs.",
    "cancelBulk": "Stop a bulk action; what has been done stays done.",
    "approve": "Vote for what a task run waits for.",
    "saveSecret": "Save a secret of a namespace, or a new value for it. Needs the permission MANAGE.",
    "deleteSecret": "Delete a secret. What is rendered afterwards does not see it. Needs the permission MANAGE.",
    "reject": "Vote against it. One rejection rejects.",
    "saveFilter": "Keep a search under a name, or change one that is kept.",
    "deleteFilter": "Delete a search that was kept.",
    "saveSchedule": "Make a schedule of a flow, or change the one of this key, beside those in its document.",
    "deleteSchedule": "Remove a schedule. One that a flow's document declares is removed there.",
    "setScheduleEnabled": "Disable or enable a schedule. Ticks that come while it is disabled never run by themselves.",
    "backfillSchedule": "Run the ticks of a schedule between two moments of the past that have not run, 1000 at most.",
    "recordExecution": "Record an execution that runs, or ran, elsewhere.",
    "recordTaskRun": "Tell something of a task run of an execution that runs elsewhere. Told in any order, and as "
    "often as one likes, the same comes of it; but an end is not taken back.",
    "recordMetrics": "Tell what was measured. The same call again changes nothing.",
    "recordLogs": "Tell log lines, in their order. With a key the same call again adds nothing.",
    "recordArtifacts": "Tell what was used and made. The same call again changes nothing.",
    "recordProperties": "Set properties and git information of an execution, wherever it runs.",
    "createToken": "Make a token. Everybody makes their own; another's needs MANAGE.",
    "revokeToken": "End a token, and the sessions and connections that came by it.",
    "grantRole": "Give somebody a role on a namespace and all below it. Needs MANAGE there, and what the role allows.",
    "revokeRole": "Take a role from somebody. Needs MANAGE on the namespace that it was granted on.",
    "saveRole": "Make a role of permissions, or change one that was made here. Needs MANAGE on every namespace.",
    "deleteRole": "Delete a role that was made here and that nobody holds. Needs MANAGE on every namespace.",
    "savePrincipal": "Make a person or a service, or change one. Needs MANAGE; groups, owner and disabling need it on "
    "every namespace.",
    "createLoginLink": "Make a link that signs one browser in as whom the viewer's token is of, once, within 10 "
    "minutes.",
    "finishExecution": "Tell the end of an execution that runs elsewhere. The same end again is a success that changes "
    "nothing; another one is refused.",
    "heartbeat": "A sign of life of an execution that runs elsewhere. Everything else that is told of it is one too.",
}

ROOTS: Final[Words] = {
    "Query": (
        "What can be read. What is not there, or may not be seen, is null.",
        {
            "viewer": "Who asks, and what they may do.",
            "node": "Anything with an id.",
            "node(id)": "Its id.",
            "nodes": "Several things, in the order of their ids.",
            "nodes(ids)": "Their ids, 200 at most.",
            **up_to("namespaces", 10_000),
            "namespaces": "The namespaces that have flows or executions, those only recorded ones included, by name.",
            "flow": "A flow.",
            "flow(namespace)": "Its namespace.",
            "flow(key)": "Its key.",
            "flows": "Flows, by page.",
            "flows(where)": "Which.",
            "flows(search)": _SEARCH,
            "flows(orderBy)": "Their order, NAME_ASC by default.",
            **paged("flows"),
            "execution": "An execution.",
            "execution(id)": "Its id.",
            "execution(at)": "The seq of one of its events: the execution as it was then, its task runs, attempts, "
            "outputs and approvals; logs, metrics and artifacts up to that event's time. Now, when it is not given.",
            "executions": "Executions, by page.",
            "executions(where)": "Which.",
            "executions(search)": _SEARCH,
            "executions(orderBy)": "Their order, CREATED_DESC by default.",
            "executions(orderByValue)": _BY_VALUE,
            **paged("executions"),
            "facets": "The values that a field has among executions, the most frequent first.",
            "facets(field)": "The field.",
            "facets(where)": "Among which.",
            "facets(search)": _SEARCH,
            "facets(contains)": "Only values that hold this text, A to Z in either case; of labels `key=value`.",
            "facets(first)": "How many values at most: 1 to 200, 50 by default.",
            "compareExecutions": "Executions side by side.",
            "compareExecutions(ids)": "2 to 5 of them, each once; the first is the baseline. Its `lastSuccess` is "
            "what a failed one is best compared with.",
            "compareExecutions(onlyDifferences)": "Leave out rows that do not differ; false by default.",
            "executionStats": "How many executions there were in a time, how they ended, and how long they took. "
            "Each counts when it started, or, where it has not, when it was created.",
            "executionStats(where)": "Which.",
            "executionStats(search)": _SEARCH,
            "executionStats(since)": "Those of this moment and later.",
            "executionStats(until)": "Those before this moment; now by default.",
            "executionStats(bucket)": "The parts of the time to count by; 1500 of them at most.",
            "executionHistogram": "How many executions there were in each part of a time, and in which states they are "
            "now. Each counts when it started, or, where it has not, when it was created. Together they are as many as "
            "the list of the same filter and time has.",
            "executionHistogram(since)": "Those of this moment and later.",
            "executionHistogram(until)": "Those before this moment; now by default.",
            "executionHistogram(bars)": "How many bars at most, 1 to 200. They are of one round length, the shortest "
            "that needs no more: 1, 5 or 15 seconds, 1, 5, 15 or 30 minutes, 1, 3, 6 or 12 hours, a day or weeks.",
            "executionHistogram(where)": "Which.",
            "executionHistogram(search)": _SEARCH,
            "searchFields": "The fields of the search language, for whoever completes a search.",
            "savedFilters": "The searches that the viewer keeps, then those that others share; by name.",
            "approvals": "Requests for decisions, the oldest first.",
            "approvals(where)": "Which.",
            **paged("approvals"),
            "auditLog": "What people and programs did, the newest first, and what they had no permission for. "
            "Needs READ_AUDIT; entries of no namespace, as those of tokens, need it on every namespace.",
            "auditLog(where)": "Which.",
            **paged("auditLog"),
            "schedules": "Schedules, the oldest first.",
            "schedules(where)": "Which.",
            **paged("schedules"),
            "artifacts": "Artifacts, the newest first.",
            "artifacts(where)": "Which.",
            **paged("artifacts"),
            "lineage": "What something came from, and what came of it, along the uses of artifacts. "
            "Empty when it is not there, or may not be seen.",
            "lineage(of)": "The id of an execution or an artifact.",
            "lineage(direction)": "Which way, BOTH by default.",
            "lineage(depth)": "How many steps at most, from an execution to an artifact being one. "
            "1 to 50, 6 by default.",
            "pipelines": "What was recorded from elsewhere, by namespace and name; at most 1000.",
            "bulk": "A bulk action that was run: by the viewer, or on executions that the viewer may all see.",
            "bulk(id)": "Its id.",
            "debugExpression": "An expression, evaluated with the names that a task run saw when its newest attempt "
            "started, or would see now where it has none, and with its own outputs. Secrets are `****`.",
            "debugExpression(taskRunId)": "The task run.",
            "debugExpression(expression)": "As `outputs.extract.rows`; text with `{{ }}` in it is evaluated "
            "as the settings of a task are.",
            "principals": "People and services that hold roles in the namespaces that the viewer manages, the oldest "
            "first. Needs MANAGE.",
            **paged("principals"),
            "tokens": "The viewer's tokens and those of services that the viewer owns; with MANAGE on every namespace "
            "everybody's. The oldest first, revoked ones too.",
            **paged("tokens"),
            **up_to("roles", 1_000),
            "roles": "The roles that can be granted. Needs MANAGE.",
            **up_to("groupGrants", 1_000),
            "groupGrants": "The roles that are granted to groups, whoever is in them, in the namespaces that the "
            "viewer manages. Needs MANAGE.",
            **up_to("workers", 1_000),
            "workers": "The workers that are, and were lately, there.",
            "validateFlow": "Everything that is wrong with a flow document; empty when it could be saved.",
            "validateFlow(source)": "The document, as YAML.",
            **up_to("secrets", 1_000),
            "secrets": "Names of secrets; never their values. Needs the permission MANAGE.",
            "secrets(namespace)": "Those that this namespace sees: its own, and those above it that it has not itself.",
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
            "executionChanges": "What changes of an execution, message by message, from a cursor on. What is there now "
            "is what was there then, with these laid over it by id. It goes on after the execution has ended, for "
            "that may be restarted.",
            "executionChanges(id)": "The execution.",
            "executionChanges(after)": "A `cursor` of the execution or of a change. Without one the first change is a "
            "`reset`.",
            "executionEvents": "The events of an execution, stored and new. It ends after the terminal one.",
            "executionEvents(id)": "The execution.",
            "executionEvents(after)": "A seq: the events after it, to go on where one stopped. 0 by default.",
            "execution": "An execution now, then whenever it changed; what happens in between is left out.",
            "execution(id)": "The execution.",
            "executionList": "A page of executions, then its changes: the rows that enter, change and leave.",
            "executionList(where)": "Which.",
            "executionList(search)": _SEARCH,
            "executionList(orderBy)": "Their order, CREATED_DESC by default.",
            "executionList(orderByValue)": _BY_VALUE,
            "executionList(first)": "How many rows to keep in view: 1 to 200, 50 by default.",
            "executionList(after)": "The last message's cursor: what changed since comes first, or a reset.",
            "approvals": "Requests for decisions, then those that are new, have changed, or are no longer among them.",
            "approvals(where)": "Which.",
            "stats": "How many executions are in each state now, then whenever that changed, once a second at most.",
            "stats(where)": "Which.",
            "stats(search)": _SEARCH,
            "bulk": "A bulk action now, then its progress, at most 4 times a second. It ends with it.",
            "bulk(id)": "Its id.",
            "logs": "What an execution's tasks wrote and write. It ends with a complete batch.",
            "logs(executionId)": "The execution.",
            "logs(taskRunId)": "Only what this task run writes; of a foreach also what its iterations write.",
            "logs(attempt)": "Only what this attempt writes. It needs `taskRunId` to mean one attempt.",
            "logs(minLevel)": "Only lines of this level and above.",
            "logs(stream)": "Only lines that are written there.",
            "logs(after)": "The cursor of an earlier batch: the lines after it.",
        },
    ),
}
