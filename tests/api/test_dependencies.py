"""Which flows start which: for flows by their documents, for executions by their events."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from models.access.viewer import Scope
from models.ids import untyped
from runner.history.dependencies import MOST, FlowGraph, execution_dependencies, flow_dependencies
from runner.store.execution import history
from runner.store.flows.flow_links import linked_flows
from runner.store.plans import Plans
from tests.api.client import Client
from tests.api.servers import Served

FLOW = """query ($ns: String!, $key: String!, $direction: LineageDirection, $depth: Int) {
  flow(namespace: $ns, key: $key) { dependencies(direction: $direction, depth: $depth) {
    truncated nodes { id namespace key } edges { from to kind taskKey } } } }"""
EXECUTION = """query ($id: ID!, $direction: LineageDirection, $depth: Int) {
  execution(id: $id) { dependencies(direction: $direction, depth: $depth) {
    truncated nodes { id flowKey } edges { from to kind taskKey } } } }"""
Edges = set[tuple[str, str, str, str | None]]


def document(key: str, *tasks: str, namespace: str = "deps") -> str:
    lines = "\n".join(f"  - {task}" for task in tasks)
    return f"id: {key}\nnamespace: {namespace}\ntasks:\n{lines}\n"


def starts(key: str, *, task: str | None = None, **more: str) -> str:
    about = "".join(f", {name}: {value}" for name, value in more.items())
    return f"{{id: {task or key}, type: subflow, flow: {key}{about}}}"


def named(graph: dict[str, Any], name: str) -> tuple[list[str], Edges]:
    names = {node["id"]: node[name] for node in graph["nodes"]}
    assert len(names) == len(graph["nodes"]) and graph["truncated"] is False
    return list(names.values()), {
        (names[one["from"]], names[one["to"]], one["kind"], one["taskKey"])
        for one in graph["edges"]
    }


async def of_flow(client: Client, key: str, **how: Any) -> tuple[list[str], Edges]:
    found = await client.post(FLOW, ns="deps", key=key, **how)
    return named(found["flow"]["dependencies"], "key")


async def of_execution(client: Client, id: str, **how: Any) -> tuple[list[str], Edges]:
    found = await client.post(EXECUTION, id=id, **how)
    return named(found["execution"]["dependencies"], "id")


@pytest.fixture
async def flows(client: Client) -> None:
    """top -> middle -> leaf, leaf -> top; middle starts leaf twice, and a missing flow; other is in another
    namespace."""
    each = "{id: each, type: foreach, items: [1], tasks: [" + starts("leaf", task="inner") + "]}"
    await client.save(document("top", starts("middle")))
    await client.save(document("middle", each, starts("leaf"), starts("nothing")))
    await client.save(
        document("leaf", starts("top", task="again"), starts("leaf", task="self", when="false"))
    )
    await client.save(document("other", starts("top", namespace="deps"), namespace="elsewhere"))


ALL = {
    ("top", "middle", "SUBFLOW", "middle"),
    ("middle", "leaf", "SUBFLOW", "inner"),
    ("middle", "leaf", "SUBFLOW", "leaf"),
    ("leaf", "top", "SUBFLOW", "again"),
    ("leaf", "leaf", "SUBFLOW", "self"),
}


@pytest.mark.usefixtures("flows")
async def test_flows_that_start_each_other(client: Client) -> None:
    other = ("other", "top", "SUBFLOW", "top")
    assert await of_flow(client, "top") == (["top", "leaf", "other", "middle"], ALL | {other})
    assert await of_flow(client, "top", direction="DOWNSTREAM") == (["top", "middle", "leaf"], ALL)
    assert await of_flow(client, "top", direction="DOWNSTREAM", depth=1) == (
        ["top", "middle"],
        {("top", "middle", "SUBFLOW", "middle")},
    )
    assert await of_flow(client, "top", direction="UPSTREAM", depth=1) == (
        ["top", "leaf", "other"],
        {("leaf", "top", "SUBFLOW", "again"), ("leaf", "leaf", "SUBFLOW", "self"), other},
    )


@pytest.mark.usefixtures("flows")
async def test_a_new_revision_and_a_deleted_flow_count_at_once(client: Client) -> None:
    await client.save(document("leaf", "{id: a, type: log, message: hi}"))
    assert await of_flow(client, "middle", direction="DOWNSTREAM") == (
        ["middle", "leaf"],
        {edge for edge in ALL if edge[0] == "middle"},
    )
    await client.post(
        """mutation { deleteFlow(input: {namespace: "deps", key: "leaf"}) { problems { message } } }"""
    )
    assert await of_flow(client, "middle", direction="DOWNSTREAM") == (["middle"], set())


@pytest.mark.usefixtures("flows")
async def test_older_revisions_are_read_on_request(client: Client, served: Served) -> None:
    before = await of_flow(client, "top")
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=2) as pool:
        await pool.execute("delete from revision_links")
        assert await of_flow(client, "top") == before
        missing = """select count(*) from flows f join revisions r on (r.flow_id, r.number) = (f.id, f.latest_revision)
          where f.deleted_at is null and not exists (select from revision_links l where l.revision_id = r.id)"""
        assert await pool.fetchval(missing) == 0


@pytest.mark.usefixtures("flows")
async def test_hidden_flows_are_left_out_and_not_traversed(served: Served) -> None:
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=2) as pool:
        flows = await linked_flows(pool, Plans())
    for scope, name, expected in (
        (Scope(("deps",)), ("deps", "top"), {"top", "middle", "leaf"}),
        (Scope(("elsewhere",)), ("elsewhere", "other"), {"other"}),
        (Scope(("elsewhere",)), ("deps", "top"), set()),
        (Scope(()), ("deps", "top"), set()),
    ):
        found = flow_dependencies(FlowGraph.of(flows, scope), name, up=True, down=True, depth=9)
        assert {row["key"] for row in found.rows.values()} == expected
        assert all({edge.source, edge.target} <= found.rows.keys() for edge in found.edges)


async def test_executions_that_came_of_each_other(client: Client, served: Served) -> None:
    await client.save(document("deps-child", "{id: a, type: fail, message: no}"))
    await client.save(document("deps-parent", starts("deps-child", task="start")))
    parent = (await client.until_ended((await client.create("deps/deps-parent"))["id"]))["id"]
    found = await client.post(
        "query ($id: ID!) { execution(id: $id) { children { id } } }", id=parent
    )
    (child,) = (one["id"] for one in found["execution"]["children"])
    replay = (await client.mutate("replayExecution", id=child))["execution"]["id"]
    await client.until_ended(replay)
    rerun = (await client.create("deps/deps-child", rerunOf=replay))["id"]
    await client.until_ended(rerun)
    edges: Edges = {
        (parent, child, "SUBFLOW", "start"),
        (child, replay, "REPLAY", None),
        (replay, rerun, "RERUN", None),
    }
    assert await of_execution(client, parent) == ([parent, child, replay, rerun], edges)
    assert await of_execution(client, rerun) == ([rerun, replay, child, parent], edges)
    assert await of_execution(client, child, depth=1) == (
        [child, parent, replay],
        edges - {(replay, rerun, "RERUN", None)},
    )
    assert await of_execution(client, child, direction="UPSTREAM") == (
        [child, parent],
        {(parent, child, "SUBFLOW", "start")},
    )
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=2) as pool:
        key = untyped("exec", child)
        row: Any = await pool.fetchrow("select * from executions where id = $1", key)
        other = Scope(("other",))

        async def read(ids: Sequence[UUID]) -> Sequence[Any]:
            return list((await history.executions_by_id(pool, other, ids)).values())

        async def made(ids: Sequence[UUID]) -> Sequence[Any]:
            return (await history.made_from(pool, other, MOST, [ids]))[0]

        hidden = await execution_dependencies(row, read, made, up=True, down=True, depth=9)
        assert (list(hidden.rows), hidden.edges) == ([key], [])


@pytest.mark.usefixtures("flows")
@pytest.mark.parametrize("depth", [0, -1, 51])
async def test_a_wrong_depth_is_refused(client: Client, depth: int) -> None:
    answer = await client.answer(FLOW, ns="deps", key="top", depth=depth)
    assert answer["errors"][0]["extensions"] == {"code": "VALIDATION", "path": ["depth"]}
