"""Tables with the arguments and permissions of each root field. The tests fail for a root that is missing here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLField, GraphQLList, get_named_type, get_nullable_type

from models.access.viewer import Permission

P = Permission
ENDS: Final = {"from": "2023-01-01T00:00:00Z", "to": "2023-01-02T00:00:00Z"}
FLOW_TEXT: Final = "id: $key\nnamespace: $namespace\ntasks: [{id: a, type: log, message: a}]\n"


@dataclass(frozen=True)
class RootRequest:
    """The input of a mutation, in which `$name` is an id or name of its object, and the permissions that the
    mutation needs. `of_all` is set for names that are unique in the whole installation: that one is taken cannot be
    hidden."""

    needs: tuple[Permission, ...]
    input: dict[str, Any] = field(default_factory=dict)
    of_all: bool = False


_ACTION: Final = {"id": "$exec"}
_RECORD: Final = {"executionId": "$exec"}
_MANY: Final = {"ids": ["$exec"]}
_FLOW: Final = {"namespace": "$namespace", "key": "$key"}
_ACT, _RUN = (P.ACT_ON_EXECUTION,), (P.RUN_FLOW,)
_GRANT: Final = {"to": "service:svc", "role": "viewer", "namespace": "$namespace"}
_SECRET: Final = {"namespace": "$namespace", "name": "$secret"}
MUTATIONS: Final[Mapping[str, RootRequest]] = {
    "createToken": RootRequest(
        (P.MANAGE,), {"name": "new", "principal": "service:$service"}, of_all=True
    ),
    "revokeToken": RootRequest((P.MANAGE,), {"id": "$tok"}),
    "grantRole": RootRequest((P.MANAGE,), _GRANT),
    "revokeRole": RootRequest((P.MANAGE,), {**_GRANT, "to": "group:$group"}),
    "saveRole": RootRequest((P.MANAGE,), {"name": "own", "permissions": ["LIST_FLOWS"]}),
    "deleteRole": RootRequest((P.MANAGE,), {"name": "unused"}),
    "savePrincipal": RootRequest((P.MANAGE,), {"kind": "SERVICE", "name": "$service"}, of_all=True),
    "createLoginLink": RootRequest((), {}),
    "recordExecution": RootRequest(
        (P.RECORD,), {"namespace": "$namespace", "pipeline": "p", "started": True}
    ),
    "recordTaskRun": RootRequest((P.RECORD,), {**_RECORD, "key": "a"}),
    "recordProperties": RootRequest((P.RECORD,), {**_RECORD, "properties": {"a": 1}}),
    "recordMetrics": RootRequest(
        (P.RECORD,), {**_RECORD, "metrics": [{"name": "m", "value": 1, "kind": "GAUGE"}]}
    ),
    "recordLogs": RootRequest(
        (P.RECORD,), {**_RECORD, "lines": [{"text": "a", "stream": "STDOUT"}]}
    ),
    "recordArtifacts": RootRequest(
        (P.RECORD,),
        {**_RECORD, "artifacts": [{"uri": "https://a", "direction": "OUT", "type": "file"}]},
    ),
    "finishExecution": RootRequest((P.RECORD,), {**_RECORD, "state": "SUCCESS"}),
    "heartbeat": RootRequest((P.RECORD,), _RECORD),
    "deleteFlow": RootRequest((P.UPDATE_FLOW,), _FLOW),
    "setFlowEnabled": RootRequest((P.UPDATE_FLOW,), {**_FLOW, "enabled": False}),
    "runTest": RootRequest((P.UPDATE_FLOW, P.RUN_FLOW), {"source": FLOW_TEXT}),
    "saveFilter": RootRequest((P.VIEW_EXECUTION,), {"id": "$filt", "name": "n", "search": "x"}),
    "deleteFilter": RootRequest((P.VIEW_EXECUTION,), {"id": "$filt"}),
    "saveFlow": RootRequest((P.UPDATE_FLOW,), {"source": FLOW_TEXT}),
    "createExecution": RootRequest(_RUN, {"namespace": "$namespace", "flow": "$key"}),
    "cancelExecution": RootRequest(_ACT, _ACTION),
    "pauseExecution": RootRequest(_ACT, _ACTION),
    "resumeExecution": RootRequest(_ACT, _ACTION),
    "retryFailed": RootRequest(_ACT, _ACTION),
    "restartExecution": RootRequest(_ACT, _ACTION),
    "replayExecution": RootRequest(_RUN, _ACTION),
    "prepareExecution": RootRequest(_RUN, _ACTION),
    "forceRun": RootRequest(_ACT, _ACTION),
    "changeState": RootRequest((P.CHANGE_STATE,), {**_ACTION, "state": "SUCCESS", "reason": "r"}),
    "changeTaskRunState": RootRequest(
        (P.CHANGE_STATE,), {"taskRunId": "$run", "state": "SUCCESS", "reason": "r"}
    ),
    "sendEvent": RootRequest(_ACT, {**_RECORD, "name": "e"}),
    "setLabels": RootRequest(_ACT, {**_ACTION, "labels": [{"key": "k", "value": "v"}]}),
    "addNote": RootRequest(_ACT, {**_ACTION, "text": "t"}),
    "archiveExecutions": RootRequest(_ACT, _MANY),
    "unarchiveExecutions": RootRequest(_ACT, _MANY),
    "deleteExecutions": RootRequest(
        (P.MANAGE,), {**_MANY, "logs": True, "metrics": True, "artifacts": True}
    ),
    "previewBulk": RootRequest((P.VIEW_EXECUTION,), {"action": "CANCEL", **_MANY}),
    "runBulk": RootRequest(_ACT, {"previewId": "$preview", "mode": "EACH"}),
    "cancelBulk": RootRequest(_ACT, {"id": "$bulk"}),
    "approve": RootRequest((P.APPROVE,), {"approvalId": "$appr"}),
    "reject": RootRequest((P.APPROVE,), {"approvalId": "$appr"}),
    "saveSecret": RootRequest((P.MANAGE,), {**_SECRET, "value": "v"}),
    "deleteSecret": RootRequest((P.MANAGE,), _SECRET),
    "saveSchedule": RootRequest(
        (P.UPDATE_FLOW,),
        {"namespace": "$namespace", "flow": "$key", "key": "often", "cron": "0 0 1 1 *"},
    ),
    "deleteSchedule": RootRequest((P.UPDATE_FLOW,), {"id": "$sched"}),
    "setScheduleEnabled": RootRequest((P.UPDATE_FLOW,), {"id": "$sched", "enabled": False}),
    "backfillSchedule": RootRequest(_RUN, {"id": "$sched", **ENDS, "plan": True}),
}
QUERIES: Final[Mapping[str, Permission | None]] = {
    "principals": P.MANAGE,
    "tokens": None,
    "roles": P.MANAGE,
    "groupGrants": P.MANAGE,
    "artifacts": P.VIEW_EXECUTION,
    "lineage": P.VIEW_EXECUTION,
    "pipelines": P.VIEW_EXECUTION,
    "facets": P.VIEW_EXECUTION,
    "searchFields": P.VIEW_EXECUTION,
    "savedFilters": P.VIEW_EXECUTION,
    "compareExecutions": P.VIEW_EXECUTION,
    "executionStats": P.VIEW_EXECUTION,
    "executionHistogram": P.VIEW_EXECUTION,
    "debugExpression": P.VIEW_EXECUTION,
    "viewer": None,
    "node": None,
    "nodes": None,
    "namespaces": None,
    "flow": P.LIST_FLOWS,
    "flows": P.LIST_FLOWS,
    "execution": P.VIEW_EXECUTION,
    "executions": P.VIEW_EXECUTION,
    "approvals": P.VIEW_EXECUTION,
    "auditLog": P.READ_AUDIT,
    "schedules": P.LIST_FLOWS,
    "bulk": P.VIEW_EXECUTION,
    "workers": P.VIEW_EXECUTION,
    "validateFlow": P.LIST_FLOWS,
    "flowSchema": P.LIST_FLOWS,
    "secrets": P.MANAGE,
}
"""The permissions of each query. None: everybody may query it and gets what they may see; for `node` this holds for
every kind."""
SUBSCRIPTIONS: Final[Mapping[str, Permission]] = {
    "executionEvents": P.VIEW_EXECUTION,
    "execution": P.VIEW_EXECUTION,
    "executionChanges": P.VIEW_EXECUTION,
    "executionList": P.VIEW_EXECUTION,
    "approvals": P.VIEW_EXECUTION,
    "stats": P.VIEW_EXECUTION,
    "bulk": P.VIEW_EXECUTION,
    "logs": P.VIEW_LOGS,
}
GIVEN: Final = {
    "lineage": "direction: UPSTREAM", "facets": "field: NAMESPACE", "debugExpression": 'expression: "outputs"',
    "executionStats": 'since: "2026-01-01T00:00:00Z", bucket: DAY', "validateFlow": 'source: "id: a"',
    "executionHistogram": 'since: "2020-01-01T00:00:00Z", bars: 10', "flow": 'namespace: "$namespace", key: "$key"',
}  # fmt: skip
"""Required arguments of a root, besides ids."""
ID_KINDS: Final = {
    "Query.bulk": "bulk", "Query.debugExpression": "run", "Subscription.bulk": "bulk", "Subscription.logs": "exec",
}  # fmt: skip
"""The kind of object that an id of a root refers to, where it is not an execution."""


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """Returns the input with ids and names in place of `$name`."""
    if isinstance(template, dict):
        return {name: filled(one, values) for name, one in template.items()}
    if isinstance(template, list):
        return [filled(one, values) for one in template]
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"${name}", value)
    return template


def document(kind: str, name: str, root: GraphQLField, selection: str, id: str = "$exec") -> str:
    """Returns a document that queries a root with this id for every id; ids and names still have to be filled in."""
    given = [GIVEN[name]] if name in GIVEN else []
    for argument, one in root.args.items():
        if get_named_type(one.type).name == "ID" and not (
            kind == "Subscription" and argument == "taskRunId"
        ):
            is_list = isinstance(get_nullable_type(one.type), GraphQLList)
            given.append(f'{argument}: ["{id}", "$other"]' if is_list else f'{argument}: "{id}"')
        elif str(one.type).endswith("!"):
            assert name in GIVEN, f"give {kind}.{name} its {argument} in GIVEN of {__name__}"
    arguments = f"({', '.join(given)})" if given else ""
    return f"{kind.lower()} {{ {name}{arguments} {selection} }}"
