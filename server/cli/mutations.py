"""All mutations of the command line: name, input type, and selected fields of the payload."""

from typing import Final

from server.cli import queries

PROBLEMS: Final = """problems { code message path ... on ValidationProblem { line column }
  ... on InvalidState { availableActions { action allowed } } }"""
_PROBLEMS_OF_MANY: Final = "problems { code message path }"

STATE: Final = "execution { name state }"
ID: Final = "execution { id }"
FLOW: Final = "flow { key }"
DONE: Final = f"""execution {{ id name state {queries.REVISIONS} }}
  plan {{ tasks {{ key plan why isNew reusedFrom {{ id name }} }} }}"""
DRAFT: Final = """draft { createInput disabledTasks concurrency { limit behavior }
  tasks { key enabled plan why isNew reusedFrom { id name } } }"""
DECIDED: Final = "approval { state groups { required given } } execution { id name state }"
TASK: Final = "taskRun { key state } execution { name state }"
TOKEN_MADE: Final = """secret token { name permissions namespaces expiresAt holderDisabledAt }
  roles { role permissions namespaces }"""
GRANT: Final = "grant { role }"
ROLE: Final = "role { name }"
MUTATIONS: Final = {
    ("addNote", "AddNoteInput", "note { id }"),
    ("approve", "DecideInput", DECIDED),
    ("createLoginLink", "CreateLoginLinkInput", "path"),
    ("createToken", "CreateTokenInput", TOKEN_MADE),
    ("revokeToken", "RevokeTokenInput", "token { name }"),
    ("grantRole", "GrantRoleInput", GRANT),
    ("revokeRole", "RevokeRoleInput", GRANT),
    ("saveRole", "SaveRoleInput", ROLE),
    ("deleteRole", "DeleteRoleInput", ROLE),
    ("savePrincipal", "SavePrincipalInput", "principal { name }"),
    ("backfillSchedule", "BackfillScheduleInput", queries.BACKFILL),
    ("cancelExecution", "CancelExecutionInput", STATE),
    ("changeState", "ChangeStateInput", STATE),
    ("changeTaskRunState", "ChangeTaskRunStateInput", TASK),
    ("createExecution", "CreateExecutionInput", ID),
    ("deleteFlow", "DeleteFlowInput", FLOW),
    ("deleteSecret", "DeleteSecretInput", "secret { name }"),
    ("forceRun", "ActionInput", STATE),
    ("pauseExecution", "ActionInput", STATE),
    ("prepareExecution", "PrepareExecutionInput", DRAFT),
    ("previewBulk", "PreviewBulkInput", queries.PREVIEW_BULK),
    ("reject", "DecideInput", DECIDED),
    ("replayExecution", "ReplayExecutionInput", DONE),
    ("restartExecution", "RestartExecutionInput", DONE),
    ("resumeExecution", "ActionInput", STATE),
    ("retryFailed", "RetryFailedInput", DONE),
    ("runTest", "RunTestInput", ID),
    ("saveFlow", "SaveFlowInput", "flow { namespace key }"),
    ("saveSecret", "SaveSecretInput", "secret { name }"),
    ("sendEvent", "SendEventInput", "executions { id name }"),
    ("setFlowEnabled", "SetFlowEnabledInput", FLOW),
    ("setLabels", "SetLabelsInput", STATE),
    ("setScheduleEnabled", "SetScheduleEnabledInput", "schedule { id }"),
}
ON_MANY: Final = {
    ("archiveExecutions", "ManyInput", "executions { name }"),
    ("unarchiveExecutions", "ManyInput", "executions { name }"),
    ("deleteExecutions", "DeleteExecutionsInput", "deleted"),
}
PUSH: Final = f"""mutation ($source: String!) {{ saveFlow(input: {{source: $source}}) {{
  flow {{ namespace key }} revision {{ number }} isNew {PROBLEMS} }} }}"""
RUN_BULK: Final = (
    f"mutation ($input: RunBulkInput!) {{ runBulk(input: $input) {{ {_PROBLEMS_OF_MANY} }} }}"
)


def mutation(name: str, kind: str, result: str) -> str:
    """Returns the document. Documents must be in a list here, for servers that only execute listed documents."""
    assert (name, kind, result) in MUTATIONS, f"list {name} in MUTATIONS"
    return _text(name, kind, f"{result} {PROBLEMS}")


def mutation_on_many(name: str, kind: str, result: str) -> str:
    assert (name, kind, result) in ON_MANY, f"list {name} in ON_MANY"
    return _text(name, kind, f"{result} {_PROBLEMS_OF_MANY}")


def _text(name: str, kind: str, payload: str) -> str:
    return f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {payload} }} }}"
