"""Only its recorder or an operator may report about an external run; both within their namespaces."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.access.viewer import ROLES, Permission, Scope
from schema.external.mutations import RecordingMutation
from server.process.runtime import runtime
from tests.schema.test_bulk import Asker

RECORDER = ROLES["viewer"] | {Permission.RECORD}
BEGIN = """mutation ($input: RecordExecutionInput!) { recordExecution(input: $input) {
  execution { id } problems { code message path } } }"""
REPORTS: dict[str, dict[str, Any]] = {
    "recordTaskRun": {"key": "fit", "state": "SUCCESS"},
    "recordProperties": {"properties": {"a": 1}},
    "recordMetrics": {"metrics": [{"name": "loss", "value": 1}]},
    "recordLogs": {"lines": [{"text": "a"}]},
    "recordArtifacts": {"artifacts": [{"uri": "s3://b/a", "direction": "OUT"}]},
    "finishExecution": {"state": "SUCCESS"},
    "heartbeat": {},
}
TABLES = ("executions", "task_runs", "attempts", "metrics", "logs", "artifact_uses", "events")


@pytest.fixture
async def asker(database_url: str) -> AsyncIterator[Asker]:
    async with runtime(database_url) as parts:
        yield Asker(parts)


async def begun(asker: Asker, **who: Any) -> str:
    input = {"namespace": "mine", "pipeline": "p", "heartbeatTtl": 60}
    given = {"permissions": RECORDER, **who}
    payload = (await asker.post(BEGIN, input=input, **given))["recordExecution"]
    assert payload["problems"] == []
    id: str = payload["execution"]["id"]
    return id


async def codes_of(asker: Asker, name: str, id: str, **who: Any) -> list[str]:
    """Returns the codes of the problems."""
    kind = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ problems {{ code }} }} }}"
    data = await asker.post(query, input={"executionId": id, **REPORTS[name]}, **who)
    return [problem["code"] for problem in data[name]["problems"]]


async def stored(asker: Asker) -> dict[str, Any]:
    """Returns all reported rows, and the heartbeat deadlines."""
    found = {}
    for table in (*TABLES, "heartbeats"):
        rows = await asker.pool.fetch(f"select to_jsonb(t)::text as row from {table} t order by 1")
        found[table] = [row["row"] for row in rows]
    return found


def test_every_reporting_mutation_is_tried() -> None:
    fields = {field.graphql_name or field.name for field in _fields()}
    assert fields == {*REPORTS, "recordExecution"}


def _fields() -> list[Any]:
    from strawberry.utils.str_converters import to_camel_case

    definition = RecordingMutation.__strawberry_definition__  # type: ignore[attr-defined]
    for field in definition.fields:
        field.graphql_name = field.graphql_name or to_camel_case(field.name)
    return list(definition.fields)


@pytest.mark.parametrize("name", REPORTS)
async def test_only_its_recorder_or_an_operator_reports(asker: Asker, name: str) -> None:
    id = await begun(asker, actor="token:trainer")
    before = await stored(asker)
    for who, code in (
        ({"actor": "token:other", "permissions": RECORDER}, "FORBIDDEN"),
        ({"actor": "token:trainer", "permissions": ROLES["viewer"]}, "FORBIDDEN"),
        (
            {"actor": "token:trainer", "permissions": ROLES["viewer"] | {Permission.RUN_FLOW}},
            "FORBIDDEN",
        ),
        (
            {
                "actor": "token:elsewhere",
                "permissions": ROLES["operator"],
                "scope": Scope(("theirs",)),
            },
            "NOT_FOUND",
        ),
        (
            {"actor": "token:trainer", "permissions": RECORDER, "scope": Scope(("theirs",))},
            "NOT_FOUND",
        ),
    ):
        assert await codes_of(asker, name, id, **who) == [code], who
        assert await stored(asker) == before, who
    assert await codes_of(asker, name, id, actor="token:trainer", permissions=RECORDER) == []
    assert await stored(asker) != before
    other = await begun(asker, actor="token:trainer")
    operator = {"actor": "token:oncall", "permissions": ROLES["operator"]}
    assert await codes_of(asker, name, other, **operator) == []


@pytest.mark.parametrize("permission", sorted(set(Permission) - {Permission.RECORD}))
async def test_recording_takes_a_permission_of_its_own(
    asker: Asker, permission: Permission
) -> None:
    input = {"namespace": "mine", "pipeline": "p"}
    given = frozenset({Permission.VIEW_EXECUTION, permission})
    payload = (await asker.post(BEGIN, given, input=input))["recordExecution"]
    (problem,) = payload["problems"]
    assert problem["code"] == "FORBIDDEN"
    assert "the permission RECORD" in problem["message"]
    assert await asker.pool.fetchval("select count(*) from executions") == 0
