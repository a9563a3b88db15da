"""Searching as a client sees it: filters, searches, orders, facets, saved searches, and error messages."""

import asyncio
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import Client
from tests.api.servers import HEADWAY, Served

FLOW = """id: {key}
namespace: searching.{part}
kind: train
labels: {{part: {part}}}
inputs: [{{id: region, type: STRING, default: eu}}]
tasks:
  - id: measure
    type: python
    script: |
      import headway
      headway.metric("loss", 0.5, step=1)
      headway.metric("loss", 0.25, step=2)
      headway.property(lr=0.001, name="Wide Net")
  - {{id: end, type: {end}, needs: [measure], message: "no space left on device"}}
"""
LIST = """query ($search: String, $where: ExecutionFilter, $orderBy: ExecutionOrder, $first: Int, $after: String) {
  executions(search: $search, where: $where, orderBy: $orderBy, first: $first, after: $after) {
    nodes { id flowKey state } edges { cursor } totalCount { value exact } } }"""


async def two(client: Client) -> tuple[str, dict[str, str]]:
    """Returns a namespace of its own, with one execution that succeeded and one that failed, by their flows."""
    part = f"p{uuid4().hex[:8]}"
    ids = {}
    for key, end in (("good", "log"), ("bad", "fail")):
        ids[key] = (await client.run(FLOW.format(key=key, part=part, end=end)))["id"]
        await client.until_ended(ids[key])
    return part, ids


async def found(client: Client, search: str | None = None, **variables: Any) -> set[str]:
    data = await client.post(LIST, search=search, **variables)
    listed = data["executions"]
    assert listed["totalCount"] == {"value": len(listed["nodes"]), "exact": True}
    return {node["flowKey"] for node in listed["nodes"]}


async def test_searches_and_filters_find_the_same(client: Client) -> None:
    part, ids = await two(client)
    here = f"namespace:searching.{part}"
    await client.post(
        "mutation ($id: ID!) { addNote(input: {id: $id, text: \"look\"}) { problems { message } } }",
        id=ids["good"],
    )  # fmt: skip
    everything: list[tuple[str, Any, set[str]]] = [
        ("", {}, {"good", "bad"}),
        ("state:failed", {"state": {"eq": "FAILED"}}, {"bad"}),
        ("status:completed", {"state": {"notIn": ["FAILED"]}}, {"good"}),
        ("flow:go*", {"flow": {"prefix": "go"}}, {"good"}),
        ("flow~OO", {"flow": {"contains": "OO"}}, {"good"}),
        (f"label.part:{part}", {"labels": {"hasKey": "part"}}, {"good", "bad"}),
        ("property:lr=0.001", {"property": {"key": "lr", "eq": "1e-3"}}, {"good", "bad"}),
        ("property:lr<0.001", {"property": [{"key": "lr", "lt": 0.001}]}, set()),
        ("property.name~wide", {"property": [{"key": "name", "contains": "WIDE"}]}, {"good", "bad"}),
        ("metric:loss=0.25", {"metric": {"name": "loss", "gte": 0.25, "lt": 0.3}}, {"good", "bad"}),
        ("metric:loss=0.5", {"metric": {"name": "loss", "gt": 0.25}}, set()),
        ("input.region:eu", {"input": [{"key": "region", "in": ["eu", "us"]}]}, {"good", "bad"}),
        ('"no space left"', {"text": "space devi"}, {"bad"}),
        ("has:error", {"hasError": True}, {"bad"}),
        ("NOT has:error", {"hasError": False}, {"good"}),
        ("has:notes", {"hasNotes": True}, {"good"}),
        ("has:children", {"hasChildren": True}, set()),
        ("is:retried", {"retried": True}, set()),
        ("by:admin", {"createdBy": {"eq": "user:admin"}}, {"good", "bad"}),
        ("started>-1h", {"startedAt": {"gt": "2026-01-01T00:00:00Z"}}, {"good", "bad"}),
        ("duration<1h", {"duration": {"lt": 3600}}, {"good", "bad"}),
        ("progress:1", {"progress": {"eq": 1}}, {"good", "bad"}),
        (f"id:{ids['bad']}", {"id": [ids["bad"], "exec_none"]}, {"bad"}),
        ("branch:*", {"branch": {"prefix": "m"}}, set()),
        ("is:archived", {"archived": "YES"}, set()),
        ("state:failed OR flow:good", {"or": [{"hasError": True}, {"flow": {"eq": "good"}}]}, {"good", "bad"}),
    ]  # fmt: skip
    for search, where, expected in everything:
        assert await found(client, f"{here} ({search})" if search else here) == expected, search
        mine = {"namespace": {"eq": f"searching.{part}"}}
        assert await found(client, where={"and": [mine, where]}) == expected, where
        assert (
            await found(client, f"{here} ({search})" if search else here, where=where) == expected
        ), (search, where)


async def test_orders_page_by_their_own_cursors(client: Client) -> None:
    part, ids = await two(client)
    here = {"namespace": {"eq": f"searching.{part}"}}
    for order, first in (
        ("FLOW_ASC", "bad"),
        ("FLOW_DESC", "good"),
        ("STATE_DESC", "good"),
        ("STARTED_ASC", "good"),
    ):
        one = (await client.post(LIST, where=here, orderBy=order, first=1))["executions"]
        cursor = one["edges"][0]["cursor"]
        other = (await client.post(LIST, where=here, orderBy=order, after=cursor))["executions"]
        assert [node["id"] for node in one["nodes"]] == [ids[first]]
        assert [node["id"] for node in other["nodes"]] == [
            id for id in ids.values() if id != ids[first]
        ]
        refused = await client.answer(LIST, where=here, orderBy="ENDED_ASC", after=cursor)
        (error,) = refused["errors"]
        assert (error["extensions"]["code"], error["extensions"]["path"]) == (
            "VALIDATION",
            ["after"],
        )


@pytest.mark.parametrize("field", ["executions", "flows", "facets"])
async def test_an_error_is_reported_with_its_column(client: Client, field: str) -> None:
    body = {"executions": "(search: $s) { nodes { id } }", "flows": "(search: $s) { nodes { id } }"}
    query = body.get(field, "(search: $s, field: STATE) { value }")
    answer = await client.answer(f"query ($s: String) {{ {field}{query} }}", s="flow:x kinf:y")
    (error,) = answer["errors"]
    assert error["message"].startswith("there is no field `kinf`; did you mean `kind`?")
    expected = {"code": "VALIDATION", "path": ["search"], "line": 1, "column": 8}
    assert error["extensions"] == expected


async def test_an_excessive_filter_is_refused(client: Client) -> None:
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"not": deep}
    wide = {"or": [{"kind": {"eq": str(n)}} for n in range(200)]}
    for where in (deep, wide):
        (error,) = (await client.answer(LIST, where=where))["errors"]
        assert (error["extensions"]["code"], error["extensions"]["path"]) == (
            "VALIDATION",
            ["where"],
        )


async def test_facets_are_terms_to_add(client: Client) -> None:
    part, _ = await two(client)
    here = f"namespace:searching.{part}"
    query = """query ($search: String, $field: FacetField!) {
      facets(search: $search, field: $field) { key value count { value exact } search } }"""
    for field, expected in (
        ("STATE", {"state:FAILED", "state:SUCCESS"}),
        ("FLOW", {"flow:good", "flow:bad"}),
        ("LABEL", {f"label:part={part}"}),
        ("LABEL_KEY", {"label:part"}),
        ("CREATED_BY", {'by:"user:admin"'}),
        ("BRANCH", set()),
    ):
        rows = (await client.post(query, search=here, field=field))["facets"]
        assert {row["search"] for row in rows} == expected
        for row in rows:
            names = await found(client, f"{here} {row['search']}")
            assert row["count"] == {"value": len(names), "exact": True}


async def test_flows_are_searched(client: Client) -> None:
    part, _ = await two(client)
    query = """query ($search: String, $where: FlowFilter) { flows(search: $search, where: $where) {
      nodes { key } totalCount { value } } }"""
    for search, where, expected in (
        (f"label.part:{part}", {}, ["bad", "good"]),
        (f"label.part:{part} NOT flow:bad", {}, ["good"]),
        (f"namespace:searching.{part} is:disabled", {}, []),
        ("", {"labels": {"has": {"key": "part", "value": part}}, "not": {"key": {"eq": "good"}}}, ["bad"]),
        (part, {"or": [{"text": "goo"}, {"key": {"prefix": "ba"}}]}, ["bad", "good"]),
    ):  # fmt: skip
        data = (await client.post(query, search=search, where=where))["flows"]
        assert [node["key"] for node in data["nodes"]] == expected, (search, where)
        assert data["totalCount"]["value"] == len(expected)


SAVE = """mutation ($input: SaveFilterInput!) { saveFilter(input: $input) {
  filter { id name search orderBy orderByValue { column direction } shared owner { name } canChange }
  problems { code message path ... on ValidationProblem { column } } } }"""
DELETE = (
    """mutation ($id: ID!) { deleteFilter(input: {id: $id}) { filter { id } problems { code } } }"""
)
KEPT = "{ savedFilters { id name search shared canChange } }"


async def test_searches_are_kept_and_shared(client: Client, served: Served) -> None:
    name = f"red {uuid4().hex}"
    input = {"name": f"  {name} ", "search": "state:failed", "orderBy": "DURATION_DESC"}
    saved = (await client.post(SAVE, input=input))["saveFilter"]
    assert saved["problems"] == []
    kept = saved["filter"]
    assert (kept["name"], kept["orderBy"], kept["shared"]) == (name, "DURATION_DESC", False)
    again = (await client.post(SAVE, input=input))["saveFilter"]
    assert again["filter"] is None and again["problems"][0]["path"] == ["name"]
    wrong = (await client.post(SAVE, input={**input, "id": kept["id"], "search": "stat:x"}))[
        "saveFilter"
    ]
    assert (wrong["problems"][0]["path"], wrong["problems"][0]["column"]) == (["search"], 1)
    other = Client(served.url, await a_viewer(served))
    assert kept["id"] not in {one["id"] for one in (await other.post(KEPT))["savedFilters"]}
    assert (await other.post(DELETE, id=kept["id"]))["deleteFilter"]["problems"][0][
        "code"
    ] == "NOT_FOUND"
    changed = await client.post(
        SAVE, input={"id": kept["id"], "name": name, "search": "x", "shared": True}
    )
    assert changed["saveFilter"]["filter"]["id"] == kept["id"]
    (seen,) = [one for one in (await other.post(KEPT))["savedFilters"] if one["id"] == kept["id"]]
    assert (seen["search"], seen["canChange"]) == ("x", False)
    refused = (await other.post(SAVE, input={**input, "id": kept["id"]}))["saveFilter"]
    assert [problem["code"] for problem in refused["problems"]] == ["FORBIDDEN"]
    assert (await other.post(DELETE, id=kept["id"]))["deleteFilter"]["problems"][0][
        "code"
    ] == "FORBIDDEN"
    (still,) = [one for one in (await client.post(KEPT))["savedFilters"] if one["id"] == kept["id"]]
    assert still["search"] == "x"
    node = await client.post("query ($id: ID!) { node(id: $id) { id } }", id=kept["id"])
    assert node["node"]["id"] == kept["id"]
    assert (await client.post(DELETE, id=kept["id"]))["deleteFilter"]["filter"]["id"] == kept["id"]
    assert kept["id"] not in {one["id"] for one in (await client.post(KEPT))["savedFilters"]}


async def test_a_kept_search_has_an_order_by_value(client: Client) -> None:
    by_value = {"column": "metric.loss", "direction": "ASC"}
    input = {"name": f"by loss {uuid4().hex}", "search": "", "orderByValue": by_value}
    kept = (await client.post(SAVE, input=input))["saveFilter"]["filter"]
    assert (kept["orderBy"], kept["orderByValue"]) == (None, by_value)
    for wrong in ({"orderBy": "DURATION_ASC"}, {"orderByValue": {**by_value, "column": "loss"}}):
        refused = await client.post(SAVE, input={**input, "id": kept["id"], **wrong})
        (problem,) = refused["saveFilter"]["problems"]
        assert problem["path"][0] == "orderByValue", problem
    plain = {"id": kept["id"], "name": input["name"], "search": "", "orderBy": "DURATION_ASC"}
    changed = (await client.post(SAVE, input=plain))["saveFilter"]["filter"]
    assert (changed["orderBy"], changed["orderByValue"]) == ("DURATION_ASC", None)


async def a_viewer(served: Served) -> str:
    arguments = ("token", "create", f"v{uuid4().hex[:8]}", "--role", "viewer")
    return await run(served, *arguments)


async def run(served: Served, *arguments: str) -> str:
    def call() -> str:
        done = subprocess.run(
            [HEADWAY, *arguments], capture_output=True, text=True, check=True,
            env={
                "HEADWAY_URL": served.url,
                "HEADWAY_TOKEN": served.token,
                "HEADWAY_DATA_DIR": str(served.data_dir),
                "PYTHONPATH": ":".join(sys.path),
            },
        )  # fmt: skip
        return done.stdout.strip()

    return await asyncio.to_thread(call)


async def test_live_lists_take_searches_and_orders(client: Client) -> None:
    part, ids = await two(client)
    query = """subscription ($search: String, $orderBy: ExecutionOrder) {
      executionList(search: $search, orderBy: $orderBy) { reset enter { before node { id } } } }"""
    variables = {"search": f"namespace:searching.{part}", "orderBy": "FLOW_ASC"}
    async with asyncio.timeout(30), client.subscribe(query, **variables) as messages:
        first = (await anext(messages))["executionList"]
        assert [one["node"]["id"] for one in first["enter"]] == [ids["bad"], ids["good"]]
        source = FLOW.format(key="first", part=part, end="log").replace("id: first", "id: abc")
        id = (await client.run(source))["id"]
        change = (await anext(messages))["executionList"]
        assert change == {"reset": False, "enter": [{"before": ids["bad"], "node": {"id": id}}]}


async def test_the_command_line_lists_the_results_of_a_search(
    client: Client, served: Served
) -> None:
    part, _ = await two(client)
    here = f"namespace:searching.{part}"
    printed = await run(served, "ls", f"{here} state:failed")
    assert "bad" in printed and "good" not in printed
    ordered = await run(served, "ls", here, "--order", "flow_asc", "--limit", "1", "--json")
    assert '"flowKey": "bad"' in ordered and '"flowKey": "good"' not in ordered
    with pytest.raises(subprocess.CalledProcessError) as failed:
        await run(served, "ls", "stat:failed")
    assert "did you mean `state`?" in failed.value.stderr
