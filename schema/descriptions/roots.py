from typing import Final

from schema.descriptions.shared_texts import Descriptions, paged, up_to

_INPUT: Final = "The arguments of the mutation."
_SEARCH: Final = "A search, such as `state:failed flow:nightly* duration>30m`, combined with `where`: both must hold."
_BY_VALUE: Final = (
    "Instead of `orderBy`: order by the values of a column. Refused if more than 50 000 match."
)
_MUTATIONS: Final = {
    "saveFlow": "Save a flow document as a new revision. If the text equals that of the latest revision, none is "
    "created.",
    "deleteFlow": "Delete a flow and its schedules. Its executions are kept, and running ones continue; saving the "
    "document again restores the flow.",
    "setFlowEnabled": "Enable or disable a flow. Nothing can start a disabled flow.",
    "runTest": "Run a document without saving it as a revision; its flow need not exist. The execution has the label "
    "`system.test`, and lists include it only on request. Needs the permissions UPDATE_FLOW and RUN_FLOW.",
    "createExecution": "Start an execution.",
    "cancelExecution": "Stop an execution: KILLING, then KILLED. Running processes get SIGTERM, and SIGKILL after "
    "their task's `kill_grace`. A second call skips the grace period.",
    "pauseExecution": "Pause an execution: no new task runs start; running ones continue.",
    "resumeExecution": "Continue after a pause; held back transitions happen now.",
    "retryFailed": "Start a new attempt of failed task runs, while the execution is FAILED_FINISHING, or PAUSED with "
    "a failure.",
    "restartExecution": "Run the failed, killed, rejected and cancelled tasks of an ended execution again; tasks "
    "that succeeded are kept. `errors` and `finally` run again.",
    "replayExecution": "Start a new execution from an ended one, from the start or from a task.",
    "prepareExecution": "Draft a new execution from an ended one, in which the tasks that succeeded are disabled.",
    "forceRun": "Start now, regardless of concurrency limits and backoff, at the front of the queues.",
    "changeState": "Change the terminal state of an execution. Nothing else changes.",
    "changeTaskRunState": "Change the terminal state of a task run; the execution continues from there.",
    "sendEvent": "Send an event to `wait` tasks.",
    "setLabels": "Change the labels of an execution, in any state.",
    "addNote": "Add a note to an execution, in any state.",
    "archiveExecutions": "Hide ended executions from lists and exclude them from pruning. Each execution is handled "
    "independently.",
    "unarchiveExecutions": "Show archived executions in lists again. Each execution is handled independently.",
    "deleteExecutions": "Delete ended executions permanently. Each execution is handled independently. Needs the "
    "permission MANAGE.",
    "previewBulk": "Preview an action on many executions and store the list of executions. The executions do not "
    "change.",
    "runBulk": "Run a preview. Needs the permission that the action needs.",
    "cancelBulk": "Stop a bulk action; executions already processed are not reverted.",
    "approve": "Vote to approve a request.",
    "saveSecret": "Create a secret in a namespace, or change its value. Needs the permission MANAGE.",
    "deleteSecret": "Delete a secret. Later evaluations of settings do not see it. Needs the permission MANAGE.",
    "reject": "Vote to reject a request. One rejection is enough.",
    "saveFilter": "Save a search under a name, or change a saved one.",
    "deleteFilter": "Delete a saved search.",
    "saveSchedule": "Create a schedule of a flow, or change the one with this key. Schedules in the flow's document "
    "are separate.",
    "deleteSchedule": "Delete a schedule. A schedule declared in a flow document must be removed there.",
    "setScheduleEnabled": "Enable or disable a schedule. Ticks that are due while it is disabled are not made up for "
    "automatically.",
    "backfillSchedule": "Run the ticks of a schedule in a range of the past that have not run; at most 1000.",
    "recordExecution": "Record an external run.",
    "recordTaskRun": "Report a task run of an external run. Reports may be repeated and may arrive in any order with "
    "the same result; a terminal state is final.",
    "recordMetrics": "Record metrics. A repeated call changes nothing.",
    "recordLogs": "Record log lines, in order. With a key, a repeated call adds nothing.",
    "recordArtifacts": "Record artifacts that were used and made. A repeated call changes nothing.",
    "recordProperties": "Set properties and git information of an execution, whether it runs here or elsewhere.",
    "createToken": "Create a token. Everybody may create their own; one for somebody else needs the permission "
    "MANAGE.",
    "revokeToken": "Revoke a token, and end the sessions and connections that used it.",
    "grantRole": "Grant a role on a namespace and all below. Needs MANAGE there, and all permissions of the role.",
    "revokeRole": "Revoke a role. Needs MANAGE on the namespace of the grant.",
    "saveRole": "Create or change a custom role. Needs MANAGE on every namespace.",
    "deleteRole": "Delete a custom role that nobody holds. Needs MANAGE on every namespace.",
    "savePrincipal": "Create or change a person or a service. Needs MANAGE; setting groups, the owner or `disabled` "
    "needs it on every namespace.",
    "createLoginLink": "Create a link that signs in one browser as the holder of the viewer's token, once, within 10 "
    "minutes.",
    "finishExecution": "Report the end of an external run. Repeating the same end succeeds and changes nothing; a "
    "different one is refused.",
    "heartbeat": "Report that an external run is alive. Every other report counts as a heartbeat too.",
}

ROOTS: Final[Descriptions] = {
    "Query": (
        "The read operations. Anything that does not exist, or that the viewer may not see, is null.",
        {
            "viewer": "The caller and their permissions.",
            "node": "Any object with an id.",
            "node(id)": "The id.",
            "nodes": "Several objects, in the order of their ids.",
            "nodes(ids)": "The ids, at most 200.",
            **up_to("namespaces", 10_000),
            "namespaces": "The namespaces that have flows or executions, including external runs, by name.",
            "flow": "A flow.",
            "flow(namespace)": "The namespace.",
            "flow(key)": "The key.",
            "flows": "Flows, paginated.",
            "flows(where)": "The filter.",
            "flows(search)": _SEARCH,
            "flows(orderBy)": "The order, NAME_ASC by default.",
            **paged("flows"),
            "execution": "An execution.",
            "execution(id)": "The id.",
            "execution(at)": "The seq of an event: returns the execution as of that event, with its task runs, "
            "attempts, outputs and approvals; logs, metrics and artifacts up to the time of the event. Current by "
            "default.",
            "executions": "Executions, paginated.",
            "executions(where)": "The filter.",
            "executions(search)": _SEARCH,
            "executions(orderBy)": "The order, CREATED_DESC by default.",
            "executions(orderByValue)": _BY_VALUE,
            **paged("executions"),
            "facets": "The values of a field among executions, most frequent first.",
            "facets(field)": "The field.",
            "facets(where)": "The filter of executions.",
            "facets(search)": _SEARCH,
            "facets(contains)": "Only values that contain this text, case-insensitive for ASCII letters; for labels, "
            "`key=value`.",
            "facets(first)": "The maximum number of values: 1 to 200, 50 by default.",
            "compareExecutions": "Executions side by side.",
            "compareExecutions(ids)": "The ids of 2 to 5 different executions; the first is the baseline. For a "
            "failed execution, its `lastSuccess` is usually the best baseline.",
            "compareExecutions(onlyDifferences)": "Omit rows without a difference; false by default.",
            "executionStats": "The number of executions in a time range, their states, and their durations. An "
            "execution counts when it started or, if it has not started, when it was created.",
            "executionStats(where)": "The filter.",
            "executionStats(search)": _SEARCH,
            "executionStats(since)": "The start of the range, inclusive.",
            "executionStats(until)": "The end of the range, exclusive; now by default.",
            "executionStats(bucket)": "The length of the buckets; at most 1500 buckets.",
            "executionHistogram": "The number of executions in each part of a time range, by current state. An "
            "execution counts when it started or, if it has not started, when it was created. The total equals that "
            "of a list with the same filter and range.",
            "executionHistogram(since)": "The start of the range, inclusive.",
            "executionHistogram(until)": "The end of the range, exclusive; now by default.",
            "executionHistogram(bars)": "The maximum number of bars, 1 to 200. All bars have the same length, the "
            "shortest of these that is enough: 1, 5 or 15 seconds, 1, 5, 15 or 30 minutes, 1, 3, 6 or 12 hours, a "
            "day or weeks.",
            "executionHistogram(where)": "The filter.",
            "executionHistogram(search)": _SEARCH,
            "searchFields": "The fields of the search language, for autocompletion.",
            "savedFilters": "The saved searches of the viewer, then those shared by others; by name.",
            "approvals": "Approval requests, oldest first.",
            "approvals(where)": "The filter.",
            **paged("approvals"),
            "auditLog": "The actions of people and programs, and those that were refused for lack of permission, "
            "newest first. Needs READ_AUDIT; entries without a namespace, such as those of tokens, need it on every "
            "namespace.",
            "auditLog(where)": "The filter.",
            **paged("auditLog"),
            "schedules": "Schedules, oldest first.",
            "schedules(where)": "The filter.",
            **paged("schedules"),
            "artifacts": "Artifacts, newest first.",
            "artifacts(where)": "The filter.",
            **paged("artifacts"),
            "lineage": "The origins and results of an execution or artifact, through the uses of artifacts. Empty if "
            "it does not exist or the viewer may not see it.",
            "lineage(of)": "The id of an execution or an artifact.",
            "lineage(direction)": "The direction, BOTH by default.",
            "lineage(depth)": "The maximum number of steps; from an execution to an artifact is one step. 1 to 50, 6 "
            "by default.",
            "pipelines": "The pipelines of external runs, by namespace and name; at most 1000.",
            "bulk": "A bulk action: one of the viewer, or one on executions that the viewer may all see.",
            "bulk(id)": "The id.",
            "debugExpression": "Evaluates an expression with the names that were available to a task run when its "
            "newest attempt started (or would be now, without an attempt), and with its own outputs. Secrets are "
            "`****`.",
            "debugExpression(taskRunId)": "The task run.",
            "debugExpression(expression)": "For example `outputs.extract.rows`; text that contains `{{ }}` is "
            "evaluated like the settings of a task.",
            "principals": "People and services with roles in the namespaces that the viewer manages, oldest first. "
            "Needs MANAGE.",
            **paged("principals"),
            "tokens": "The tokens of the viewer and of services that the viewer owns; all tokens with MANAGE on "
            "every namespace. Oldest first, including revoked ones.",
            **paged("tokens"),
            **up_to("roles", 1_000),
            "roles": "The roles that can be granted. Needs MANAGE.",
            **up_to("groupGrants", 1_000),
            "groupGrants": "The roles granted to groups in the namespaces that the viewer manages. Needs MANAGE.",
            **up_to("workers", 1_000),
            "workers": "The workers that are, or recently were, connected.",
            "validateFlow": "The problems of a flow document; empty if it can be saved.",
            "validateFlow(source)": "The document, as YAML.",
            **up_to("secrets", 1_000),
            "secrets": "The names of secrets, never their values. Needs the permission MANAGE.",
            "secrets(namespace)": "Only secrets that this namespace sees: its own, and those of namespaces above "
            "that it does not define itself.",
            "flowSchema": "The JSON Schema of flow documents, for editors.",
        },
    ),
    "Mutation": (
        "The write operations. A refused mutation returns problems in its payload and changes nothing.",
        {
            **_MUTATIONS,
            **{f"{name}(input)": _INPUT for name in _MUTATIONS},
        },
    ),
    "Subscription": (
        "The live operations, over a socket (`graphql-transport-ws` on /graphql) or SSE (/graphql/stream). Each "
        "sends the current data first, then every change, in order.",
        {
            "executionChanges": "The changes of an execution since a cursor. Merge each message into the data by id. "
            "The stream continues after the execution has ended, because the execution may be restarted.",
            "executionChanges(id)": "The execution.",
            "executionChanges(after)": "The `cursor` of the execution or of a change. Without it the first change is "
            "a `reset`.",
            "executionEvents": "The events of an execution, stored and new. The stream ends after the terminal event.",
            "executionEvents(id)": "The execution.",
            "executionEvents(after)": "Only events after this seq, to continue an earlier stream. 0 by default.",
            "execution": "The execution, now and whenever it changes; intermediate states may be skipped.",
            "execution(id)": "The execution.",
            "executionList": "A page of executions, then its changes: rows that enter, change and leave.",
            "executionList(where)": "The filter.",
            "executionList(search)": _SEARCH,
            "executionList(orderBy)": "The order, CREATED_DESC by default.",
            "executionList(orderByValue)": _BY_VALUE,
            "executionList(first)": "The number of rows to keep in the list: 1 to 200, 50 by default.",
            "executionList(after)": "The cursor of the last message received: sends the changes since then, or a "
            "reset.",
            "approvals": "Approval requests, then those that are new, change or leave the list.",
            "approvals(where)": "The filter.",
            "stats": "The number of executions in each state, now and whenever it changes, at most once a second.",
            "stats(where)": "The filter.",
            "stats(search)": _SEARCH,
            "bulk": "A bulk action, then its progress, at most 4 times a second. The stream ends with the bulk "
            "action.",
            "bulk(id)": "The id.",
            "logs": "The log lines of an execution, stored and new. The stream ends with a complete batch.",
            "logs(executionId)": "The execution.",
            "logs(taskRunId)": "Only lines of this task run; for a foreach including its iterations.",
            "logs(attempt)": "Only lines of the attempt with this number; needs `taskRunId` to select one attempt.",
            "logs(minLevel)": "Only lines of this level and above.",
            "logs(stream)": "Only lines of this stream.",
            "logs(after)": "The cursor of an earlier batch: only the lines after it.",
        },
    ),
}
