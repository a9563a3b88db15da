"""Artifacts: one for each namespace, name and version, regardless of the reporter; and the flow of data."""

from typing import Any

import asyncpg

from models.access.viewer import Scope
from runner.history.lineage import trace
from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_recording import record, refusal, report

LINEAGE = """query ($of: ID!, $direction: LineageDirection, $depth: Int) {
  lineage(of: $of, direction: $direction, depth: $depth) {
    truncated edges { from to direction taskKey }
    nodes { __typename ... on Execution { id flowKey } ... on Artifact { id name version } } } }"""
ARTIFACTS = """query ($where: ArtifactFilter, $first: Int, $after: String) {
  artifacts(where: $where, first: $first, after: $after) {
    totalCount { value } pageInfo { hasNextPage endCursor }
    nodes { id namespace name version type uri digest size properties
            versions { version } executions { flowKey } makers: executions(direction: OUT) { flowKey }
            uses(direction: IN) { taskKey uri execution { flowKey } artifact { id } } } } }"""


async def use(client: Client, id: str, direction: str, uri: str, **more: Any) -> None:
    artifact = {"uri": uri, "direction": direction, **more}
    await report(client, id, "recordArtifacts", artifacts=[artifact])


async def artifacts(client: Client, **where: Any) -> list[dict[str, Any]]:
    found = await client.post(ARTIFACTS, where=where)
    nodes: list[dict[str, Any]] = found["artifacts"]["nodes"]
    return nodes


async def walk(client: Client, of: str, **how: Any) -> tuple[set[str], set[tuple[str, str]]]:
    """Returns the names of nodes, and edges between names; an execution is named by its pipeline."""
    graph = (await client.post(LINEAGE, of=of, **how))["lineage"]
    names = {
        node["id"]: node.get("flowKey") or f"{node['name']} {node['version']}"
        for node in graph["nodes"]
    }
    assert graph["truncated"] is False
    return set(names.values()), {(names[e["from"]], names[e["to"]]) for e in graph["edges"]}


async def chain(client: Client, namespace: str) -> dict[str, str]:
    """raw -> prepare -> clean -> train -> model -> serve, and clean -> report."""
    ids: dict[str, str] = {}
    for pipeline, used, made in (
        ("prepare", "raw", "clean"),
        ("train", "clean", "model"),
        ("serve", "model", None),
        ("report", "clean", None),
    ):
        ids[pipeline] = (await record(client, pipeline, namespace=namespace))["id"]
        await use(client, ids[pipeline], "IN", f"s3://b/{used}", version="1")
        if made:
            await use(client, ids[pipeline], "OUT", f"s3://b/{made}", version="1")
    return ids


async def test_lineage_is_followed_up_and_down_and_to_a_depth(client: Client) -> None:
    ids = await chain(client, "lineage.chain")
    assert await walk(client, ids["train"], direction="UPSTREAM") == (
        {"train", "clean 1", "prepare", "raw 1"},
        {("raw 1", "prepare"), ("prepare", "clean 1"), ("clean 1", "train")},
    )
    assert await walk(client, ids["train"], direction="DOWNSTREAM") == (
        {"train", "model 1", "serve"},
        {("train", "model 1"), ("model 1", "serve")},
    )
    both, edges = await walk(client, ids["train"])
    assert both == {"raw 1", "prepare", "clean 1", "train", "model 1", "serve"}
    assert len(edges) == 5
    assert await walk(client, ids["train"], depth=1) == (
        {"clean 1", "train", "model 1"},
        {("clean 1", "train"), ("train", "model 1")},
    )
    (clean,) = await artifacts(client, namespace={"eq": "lineage.chain"}, name={"eq": "clean"})
    assert await walk(client, clean["id"], direction="DOWNSTREAM", depth=1) == (
        {"clean 1", "train", "report"},
        {("clean 1", "train"), ("clean 1", "report")},
    )
    assert {one["flowKey"] for one in clean["executions"]} == {"prepare", "train", "report"}
    assert clean["makers"] == [{"flowKey": "prepare"}]
    assert {one["execution"]["flowKey"] for one in clean["uses"]} == {"train", "report"}


async def test_a_cycle_ends(client: Client) -> None:
    id = (await record(client, "refine", namespace="lineage.cycle"))["id"]
    other = (await record(client, "check", namespace="lineage.cycle"))["id"]
    await use(client, id, "IN", "s3://b/state", version="1")
    await use(client, id, "OUT", "s3://b/state", version="1")
    await use(client, id, "OUT", "s3://b/report", version="1")
    await use(client, other, "IN", "s3://b/report", version="1")
    await use(client, other, "OUT", "s3://b/state", version="1")
    names, edges = await walk(client, id, depth=50)
    assert names == {"refine", "check", "state 1", "report 1"}
    assert edges == {
        ("state 1", "refine"), ("refine", "state 1"), ("refine", "report 1"),
        ("report 1", "check"), ("check", "state 1"),
    }  # fmt: skip


async def test_hidden_objects_are_not_part_of_the_lineage(client: Client, served: Served) -> None:
    """A hidden artifact is not shown, and objects behind it are not reached through it."""
    mine = (await record(client, "mine", namespace="lineage.mine"))["id"]
    theirs = (await record(client, "theirs", namespace="lineage.theirs"))["id"]
    behind = (await record(client, "behind", namespace="lineage.mine"))["id"]
    await use(client, mine, "OUT", "s3://b/shared", version="1")
    await use(client, theirs, "IN", "s3://b/shared", version="1", namespace="lineage.mine")
    await use(client, theirs, "OUT", "s3://b/late", version="1", namespace="lineage.mine")
    await use(client, behind, "IN", "s3://b/late", version="1")
    names, _ = await walk(client, mine)
    assert names == {"mine", "shared 1", "theirs", "late 1", "behind"}
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        start = await pool.fetchval("select id from executions where flow_key = 'mine'")
        scope = Scope(("lineage.mine",))
        found = await trace(pool, scope, "execution_id", start, up=True, down=True, depth=9)
        assert [row["flow_key"] for row in found.executions.values()] == ["mine"]
        assert [row["name"] for row in found.artifacts.values()] == ["shared"]
        hidden = await trace(
            pool, Scope(("other",)), "execution_id", start, up=True, down=True, depth=9
        )
        assert (hidden.executions, hidden.artifacts, hidden.edges) == ({}, {}, {})


async def test_missing_objects_have_no_lineage_and_depth_is_bounded(client: Client) -> None:
    for of in ("exec_01h45ytscbebyvny4gc8cr8ma2", "art_nonsense", "flow_1", ""):
        assert await walk(client, of) == (set(), set())
    answer = await client.answer(LINEAGE, of="exec_01h45ytscbebyvny4gc8cr8ma2", depth=51)
    assert answer["errors"][0]["message"] == "depth must be between 1 and 50; got 51"


async def test_versions_are_given_or_found_by_digest_or_counted(client: Client) -> None:
    namespace = "lineage.versions"
    one = (await record(client, "one", namespace=namespace))["id"]
    two = (await record(client, "two", namespace=namespace))["id"]
    for _ in range(2):  # reported twice, it is one use
        await use(client, one, "OUT", "s3://b/table")
    await use(client, two, "OUT", "s3://b/table")
    await use(client, two, "IN", "s3://b/table")
    await use(client, one, "OUT", "file:///m.pkl", digest="sha256:0123456789abcdef", size=7)
    await use(client, two, "IN", "file:///copy/m.pkl", digest="sha256:0123456789abcdef")
    tables = await artifacts(client, namespace={"eq": namespace}, name={"eq": "table"})
    assert [(table["version"], table["makers"]) for table in tables] == [
        ("2", [{"flowKey": "two"}]),
        ("1", [{"flowKey": "one"}]),
    ]
    assert tables[0]["versions"] == [{"version": "2"}, {"version": "1"}]
    assert [use["execution"]["flowKey"] for use in tables[0]["uses"]] == ["two"]
    (model,) = await artifacts(client, digest="sha256:0123456789abcdef")
    assert (model["version"], model["uri"], model["size"]) == ("0123456789ab", "file:///m.pkl", 7)
    assert [use["uri"] for use in model["uses"]] == ["file:///copy/m.pkl"]
    assert model["uses"][0]["artifact"]["id"] == model["id"]


async def test_a_version_with_another_digest_is_refused_and_nothing_of_the_call_is_recorded(
    client: Client,
) -> None:
    id = (await record(client, "clash", namespace="lineage.clash"))["id"]
    await use(client, id, "OUT", "a/m", version="v1", digest="sha256:aa", properties={"f1": 0.9})
    problem = await refusal(
        client,
        id,
        "recordArtifacts",
        artifacts=[
            {"uri": "a/other", "direction": "OUT"},
            {"uri": "a/m", "direction": "OUT", "version": "v1", "digest": "sha256:bb"},
        ],
    )
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["artifacts", "1", "version"])
    (kept,) = await artifacts(client, namespace={"eq": "lineage.clash"})
    assert (kept["name"], kept["digest"], kept["properties"]) == ("m", "sha256:aa", {"f1": 0.9})


async def test_artifacts_are_filtered_and_paged(client: Client) -> None:
    ids = await chain(client, "lineage.pages")
    where = {"namespace": {"prefix": "lineage.pages"}}
    first = (await client.post(ARTIFACTS, where=where, first=2))["artifacts"]
    rest = await client.post(ARTIFACTS, where=where, after=first["pageInfo"]["endCursor"])
    names = [node["name"] for node in [*first["nodes"], *rest["artifacts"]["nodes"]]]
    assert (names, first["totalCount"]["value"]) == (["model", "clean", "raw"], 3)
    assert first["pageInfo"]["hasNextPage"] is True
    used = await artifacts(client, executionId=ids["train"], direction="IN")
    assert [one["name"] for one in used] == ["clean"]
    made = await artifacts(client, executionId=ids["train"], direction="OUT")
    assert [one["name"] for one in made] == ["model"]


FLOW = """id: maker
namespace: lineage.run
tasks:
  - id: make
    type: python
    script: |
      import headway
      open("model.pkl", "w").write("weights")
      headway.artifact(uri="s3://lake/in.csv", type="Dataset", direction="IN")
      headway.artifact("model.pkl", type="Model")
"""


async def test_own_and_external_runs_are_one_graph(client: Client) -> None:
    id = (await client.run(FLOW))["id"]
    assert (await client.until_ended(id))["state"] == "SUCCESS"
    (model,) = await artifacts(client, executionId=id, direction="OUT")
    served = (await record(client, "serve", namespace="lineage.run"))["id"]
    await use(client, served, "IN", "here/model.pkl", digest=model["digest"], taskKey="load")
    graph = (await client.post(LINEAGE, of=served, direction="UPSTREAM"))["lineage"]
    assert [edge["taskKey"] for edge in graph["edges"]] == ["load", "make", "make"]
    names, edges = await walk(client, served)
    version = model["version"]
    assert names == {"serve", f"model.pkl {version}", "maker", "in.csv 1"}
    assert ("in.csv 1", "maker") in edges
