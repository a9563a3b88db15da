"""Schedules in hidden namespaces do not exist for the viewer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.access.viewer import Permission, Scope, Viewer
from models.ids import typed
from models.spec import parse_flow
from runner.store.flows.flows import save_flow
from schema import build_schema
from schema.context import Context, Services
from server.process.runtime import runtime

SOURCE = """id: load
namespace: {namespace}
tasks: [{{id: a, type: log, message: a}}]
triggers:
  - {{id: nightly, type: schedule, cron: "0 2 * * *"}}
"""


class Asker:
    def __init__(self, services: Services) -> None:
        self.services, self.schema = services, build_schema()

    async def post(self, query: str, permissions: frozenset[Permission], **variables: Any) -> Any:
        viewer = Viewer.holding("user:ada", permissions, Scope(("mine",)))
        context = Context(self.services, viewer)
        result = await self.schema.execute(query, variables, context)
        assert result.errors is None, result.errors
        return result.data

    async def stored(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.services.pool.fetch("select * from schedules")]


@pytest.fixture
async def asker(database_url: str) -> AsyncIterator[Asker]:
    async with runtime(database_url) as parts:
        for namespace in ("mine", "mine.below", "minefield", "theirs"):
            source = SOURCE.format(namespace=namespace)
            async with parts.database.pool.acquire() as connection:
                await save_flow(connection, parse_flow(source), source, "user:maria")
        pool = parts.database.pool
        yield Asker(
            Services(
                pool,
                parts.engine,
                parts.feed,
                parts.changes,
                parts.evaluator,
                parts.vault,
                "0",
                parts.debugger,
            )
        )


async def test_lists_counts_and_nodes_have_only_visible_objects(asker: Asker) -> None:
    found = await asker.post(
        "{ schedules { nodes { id flow { namespace } } totalCount { value } } }",
        frozenset({Permission.LIST_FLOWS}),
    )
    seen = {one["flow"]["namespace"]: one["id"] for one in found["schedules"]["nodes"]}
    assert (set(seen), found["schedules"]["totalCount"]["value"]) == ({"mine", "mine.below"}, 2)
    ids = [typed("sched", row["id"]) for row in await asker.stored()]
    nodes = await asker.post(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", frozenset(Permission), ids=ids
    )
    assert {one["id"] for one in nodes["nodes"] if one} == set(seen.values())


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("deleteSchedule", ""),
        ("setScheduleEnabled", ", enabled: false"),
        ("backfillSchedule", ', from: "2026-03-01T00:00Z", to: "2026-03-05T00:00Z"'),
    ],
)
async def test_hidden_schedules_cannot_be_changed(asker: Asker, name: str, fields: str) -> None:
    before = await asker.stored()
    hidden = await asker.services.pool.fetchval(
        "select s.id from schedules s join flows f on f.id = s.flow_id where namespace = 'theirs'"
    )
    query = f'mutation {{ {name}(input: {{id: "{typed("sched", hidden)}"{fields}}}) {{ problems {{ code }} }} }}'
    answer = await asker.post(query, frozenset(Permission))
    assert answer[name]["problems"] == [{"code": "NOT_FOUND"}]
    assert await asker.stored() == before
    assert await asker.services.pool.fetchval("select count(*) from executions") == 0


async def test_a_flow_that_may_not_be_seen_gets_no_schedule(asker: Asker) -> None:
    before = await asker.stored()
    answer = await asker.post(
        'mutation { saveSchedule(input: {namespace: "theirs", flow: "load", key: "a", cron: "* * * * *"}) '
        "{ problems { code message } } }",
        frozenset(Permission),
    )
    problem = {"code": "NOT_FOUND", "message": "no flow theirs/load"}
    assert answer["saveSchedule"]["problems"] == [problem]
    assert await asker.stored() == before


async def test_the_last_execution_needs_permission_to_view_executions(asker: Asker) -> None:
    await asker.post(
        'mutation ($id: ID!) { backfillSchedule(input: {id: $id, from: "2026-03-01T00:00Z", to: "2026-03-02T00:00Z"})'
        " { problems { code } } }",
        frozenset(Permission),
        id=typed("sched", (await asker.stored())[0]["id"]),
    )
    pool = asker.services.pool
    await pool.execute("update schedules set last_execution_id = (select id from executions)")
    query = "{ schedules(first: 1) { nodes { lastExecution { flowKey } } } }"
    for permissions, expected in (
        (frozenset({Permission.LIST_FLOWS}), None),
        (frozenset({Permission.LIST_FLOWS, Permission.VIEW_EXECUTION}), {"flowKey": "load"}),
    ):
        (node,) = (await asker.post(query, permissions))["schedules"]["nodes"]
        assert node["lastExecution"] == expected
