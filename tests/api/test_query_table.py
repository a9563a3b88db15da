"""The query table as a client sees it: ordering by value, columns, bars over time, equal errors, completion of
fields."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import Client
from tests.api.servers import Served
from tests.api.test_bulk import preview
from tests.api.test_cli import headway
from tests.api.test_files import http
from tests.api.test_search import SAVE

FLOW = """id: {key}
namespace: {namespace}
labels: {{rank: "{rank}"}}
inputs:
  - {{id: day, type: STRING, default: "{day}"}}
  - {{id: password, type: SECRET}}
tasks:
  - id: measure
    type: python
    script: |
      import headway
      headway.metric("loss", 9.0, step=1)
      headway.metric("loss", {loss}, step=2)
      headway.property(lr={lr})
  - {{id: end, type: {end}, needs: [measure], message: "no space left on device {number}"}}
"""
LIST = """query ($search: String, $by: ValueOrder, $first: Int, $after: String, $last: Int, $before: String) {
  executions(search: $search, orderByValue: $by, first: $first, after: $after, last: $last, before: $before) {
    nodes { id flowKey columns(names: ["metric.loss", "property.lr", "input.day", "input.password", "label.rank"]) }
    edges { cursor } totalCount { value exact } pageInfo { hasNextPage hasPreviousPage } } }"""
ROWS = [
    {"key": "a", "rank": "9", "day": "mon", "loss": 0.5, "lr": 0.001, "end": "log", "number": 0},
    {
        "key": "b",
        "rank": "10",
        "day": "7",
        "loss": 0.25,
        "lr": "'wide'",
        "end": "fail",
        "number": 10,
    },
    {
        "key": "c",
        "rank": "x",
        "day": "2026-01-01",
        "loss": 7.0,
        "lr": 100,
        "end": "fail",
        "number": 4711,
    },
]


@pytest.fixture
async def namespace(client: Client) -> str:
    """Returns a namespace of its own, with three ended executions."""
    namespace = f"table.p{uuid4().hex[:8]}"
    for row in ROWS:
        source = FLOW.format(**row, namespace=namespace)
        made = await client.run(source, inputs={"password": f"hidden {row['rank']}"})
        await client.until_ended(made["id"])
    return namespace


async def listed(client: Client, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.post(LIST, **variables))["executions"]
    return found


async def test_orders_by_value_put_numbers_before_text(client: Client, namespace: str) -> None:
    for column, ascending, descending in (
        ("metric.loss", "bac", "cab"),
        ("property.lr", "acb", "cab"),
        ("label.rank", "abc", "bac"),
        ("input.day", "bca", "bac"),
        ("property.none", "abc", "cba"),
        ("input.password", "abc", "cba"),
        ("name", "abc", "cba"),
        ("branch", "abc", "cba"),
    ):
        for direction, expected in (("ASC", ascending), ("DESC", descending)):
            by = {"column": column, "direction": direction}
            found = await listed(client, search=f"namespace:{namespace}", by=by)
            keys = "".join(node["flowKey"] for node in found["nodes"])
            assert keys == expected, (column, direction)


async def test_orders_by_value_are_paged_both_ways(client: Client, namespace: str) -> None:
    given = {
        "search": f"namespace:{namespace}",
        "by": {"column": "property.lr", "direction": "ASC"},
    }
    whole = await listed(client, **given)
    keys = [node["flowKey"] for node in whole["nodes"]]
    cursors = [edge["cursor"] for edge in whole["edges"]]
    for at in range(3):
        after = await listed(client, **given, first=1, after=cursors[at])
        before = await listed(client, **given, last=1, before=cursors[at])
        assert [node["flowKey"] for node in after["nodes"]] == keys[at + 1 : at + 2]
        assert [node["flowKey"] for node in before["nodes"]] == keys[max(0, at - 1) : at]
        assert after["pageInfo"] == {"hasNextPage": at == 0, "hasPreviousPage": True}
    other = {"column": "property.epochs", "direction": "ASC"}
    assert await refusal(client, LIST, **{**given, "by": other}, after=cursors[0]) == ["after"]


async def refusal(client: Client, query: str, **variables: Any) -> Any:
    """Returns the code and path of the problem with the input."""
    errors = (await client.answer(query, **variables))["errors"]
    assert {error["extensions"]["code"] for error in errors} == {"VALIDATION"}
    return errors[0]["extensions"]["path"]


async def test_invalid_orders_are_refused(client: Client) -> None:
    both = """query ($by: ValueOrder) { executions(orderBy: FLOW_ASC, orderByValue: $by) { nodes { id } } }"""
    loss = {"column": "metric.loss", "direction": "ASC"}
    assert await refusal(client, both, by=loss) == ["orderByValue"]
    for column in ("loss", "output.rows", "metric."):
        path = await refusal(client, LIST, by={"column": column, "direction": "ASC"})
        assert path == ["orderByValue", "column"]
    for names, words in (
        (["nothing"], "there is no column"),
        (["id", "id"], "listed twice"),
        (["metric." + "x" * 301], "at most 300 characters"),
    ):
        query = "query ($names: [String!]!) { executions(first: 1) { nodes { columns(names: $names) } } }"
        answer = await client.answer(query, names=names)
        assert words in answer["errors"][0]["message"]
        assert answer["data"]["executions"]["nodes"] == [{"columns": None}]


async def test_columns_are_those_of_an_export_and_show_no_secret(
    client: Client, namespace: str
) -> None:
    found = await listed(client, search=f"namespace:{namespace} flow:a")
    assert found["nodes"][0]["columns"] == {
        "metric.loss": 0.5,
        "property.lr": 0.001,
        "input.day": "mon",
        "input.password": "****",
        "label.rank": "9",
    }


async def test_columns_of_the_past_are_those_of_then(client: Client) -> None:
    held = """id: held
namespace: table.past
tasks:
  - id: measure
    type: python
    script: |
      import headway
      headway.metric("loss", 1.0, step=1)
      headway.property(lr=1)
  - {id: held, type: wait, event: go, needs: [measure]}
  - id: again
    type: python
    needs: [held]
    script: |
      import headway
      headway.metric("loss", 2.0, step=1)
      headway.property(lr=2)
"""
    id = (await client.run(held))["id"]
    then = await client.until(id, held="RUNNING")
    send = 'mutation ($id: ID!) { sendEvent(input: {name: "go", executionId: $id}) { problems { message } } }'
    assert (await client.post(send, id=id))["sendEvent"]["problems"] == []
    await client.until_ended(id)
    query = """query ($id: ID!, $at: Int) {
      execution(id: $id, at: $at) { columns(names: ["metric.loss", "property.lr", "metric.none"]) } }"""
    for at, value in ((then["seq"], 1), (None, 2)):
        columns = (await client.post(query, id=id, at=at))["execution"]["columns"]
        assert columns == {"metric.loss": value, "property.lr": value, "metric.none": None}


async def test_exports_go_by_value_too(client: Client, served: Served, namespace: str) -> None:
    query = {
        "search": f"namespace:{namespace}",
        "orderByValue": '{"column": "metric.loss", "direction": "DESC"}',
        "columns": "flow,metric.loss",
    }
    async with http(served) as http_client:
        answer = await http_client.get("/executions/export.csv", params=query)
        assert answer.text.splitlines() == ["flow,metric.loss", "c,7.0", "a,0.5", "b,0.25"]
        wrong = {**query, "orderByValue": '{"column": "loss", "direction": "DESC"}'}
        for path, given in (
            (["orderByValue"], "metric.loss"),
            (["orderByValue"], '{"column": "metric.loss"}'),
            (["orderByValue", "column"], wrong["orderByValue"]),
        ):
            refused = await http_client.get(
                "/executions/export.csv", params={**query, "orderByValue": given}
            )
            (error,) = refused.json()["errors"]
            assert (refused.status_code, error["extensions"]["path"]) == (400, path)


FACETS = """query ($search: String, $contains: String) {
  facets(search: $search, field: ERROR, contains: $contains) { key value count { value exact } search } }"""


async def test_the_same_error_is_found_wherever_it_is(client: Client, namespace: str) -> None:
    """Messages that differ in a number are one error: in counts, searches, filters, saved filters and bulk actions."""
    here = f"namespace:{namespace}"
    (facet,) = facets = (await client.post(FACETS, search=here))["facets"]
    assert (facet["value"], facet["count"]) == (
        "no space left on device 4711",
        {"value": 2, "exact": True},
    )
    fingerprint = facet["key"]
    assert facet["search"] == f"error:{fingerprint}"
    found = await listed(client, search=f"{here} {facet['search']}")
    assert found["totalCount"] == facet["count"]
    where = {"error": {"eq": fingerprint}, "namespace": {"eq": namespace}}
    filtered = (await client.post(FAILURES, where=where))["executions"]["nodes"]
    assert {one["id"] for one in filtered} == {one["id"] for one in found["nodes"]}
    assert {one["failure"]["fingerprint"] for one in filtered} == {fingerprint}
    kept = await client.post(
        SAVE, input={"name": f"same {fingerprint} {namespace}", "search": facet["search"]}
    )
    assert kept["saveFilter"]["problems"] == []
    bulk = await preview(
        client,
        "SET_LABELS",
        search=f"{here} {facet['search']}",
        labels=[{"key": "a", "value": "b"}],
    )
    assert bulk["total"] == facet["count"]["value"]
    assert (await client.post(FACETS, search=here, contains="NO SPACE"))["facets"] == facets
    assert (await client.post(FACETS, search=here, contains="warehouse"))["facets"] == []
    assert await refusal(client, LIST, search="error:space") == ["search"]


KEYS = """query ($search: String, $field: FacetField!) {
  facets(search: $search, field: $field) { key value count { value exact } search } }"""


async def test_the_keys_that_executions_have_are_terms_to_add(
    client: Client, namespace: str
) -> None:
    here = f"namespace:{namespace}"
    for field, expected in (
        ("PROPERTY", ["property:lr"]),
        ("INPUT", ["input:day", "input:password"]),
        ("METRIC", ["metric:loss"]),
    ):
        rows = (await client.post(KEYS, search=here, field=field))["facets"]
        assert [row["search"] for row in rows] == expected
        for row in rows:
            found = await listed(client, search=f"{here} {row['search']}")
            assert (row["key"], len(found["nodes"])) == (None, row["count"]["value"]) == (None, 3)


FAILURES = """query ($search: String, $where: ExecutionFilter) { executions(search: $search, where: $where) {
  nodes { id failure { fingerprint message skippedCount skipped { id } taskRun { key } logLine others } } } }"""
HISTOGRAM = """query ($since: DateTime!, $until: DateTime, $bars: Int!, $search: String) {
  executionHistogram(since: $since, until: $until, bars: $bars, search: $search) {
    start end total states { state count { value exact } } } }"""


async def test_a_histogram_counts_what_the_list_does(client: Client, namespace: str) -> None:
    now = datetime.now(UTC)
    for search, number in (
        ("", 3),
        ("state:failed", 2),
        ("flow:a", 1),
        ("has:error is:retried", 0),
    ):
        for hours, bars in ((1, 1), (1, 40), (24 * 30, 200), (24 * 3000, 7)):
            since, until = now - timedelta(hours=hours), now + timedelta(minutes=1)
            window = {"since": since.isoformat(), "until": until.isoformat(), "bars": bars}
            histogram = (
                await client.post(HISTOGRAM, **window, search=f"namespace:{namespace} {search}")
            )["executionHistogram"]
            assert 0 < len(histogram) <= bars
            assert sum(bar["total"] for bar in histogram) == number
            for bar, after in pairwise(histogram):
                assert bar["end"] == after["start"]
            for bar in histogram:
                assert bar["total"] == sum(state["count"]["value"] for state in bar["states"])
    ahead = {"since": (now + timedelta(hours=1)).isoformat(), "until": now.isoformat(), "bars": 5}
    assert await refusal(client, HISTOGRAM, **ahead) == ["since"]
    assert await refusal(client, HISTOGRAM, since="2026-01-01T00:00:00Z", bars=201) == ["bars"]


async def test_the_search_language_lists_its_fields(client: Client) -> None:
    query = "{ searchFields { name aliases description operators values facet keyed } }"
    fields = {field["name"]: field for field in (await client.post(query))["searchFields"]}
    assert fields["error"] == {
        "name": "error",
        "aliases": [],
        "description": "the same error: its fingerprint",
        "operators": [":", "=", "!="],
        "values": [],
        "facet": "ERROR",
        "keyed": False,
    }
    assert fields["label"]["keyed"] and fields["label"]["aliases"] == ["labels", "tag"]
    assert "waiting_for_approval" in fields["state"]["values"]
    for field in fields.values():
        for name in (field["name"], *field["aliases"]):
            key = ".lr" if field["keyed"] else ""
            for value in field["values"]:
                await listed(client, search=f"{name}{key}:{value}", first=1)


async def test_the_command_line_orders_by_value_too(
    client: Client, served: Served, namespace: str
) -> None:
    search = f"namespace:{namespace}"
    for order, expected in (("metric.loss_asc", "bac"), ("property.lr", "cab")):
        code, output, errors = await headway(served, "ls", search, "--order", order, "--json")
        assert (code, errors) == (0, "")
        assert "".join(row["flowKey"] for row in json.loads(output)) == expected
        arguments = (
            "export",
            search,
            "--order",
            order,
            "--column",
            "flow",
            "--column",
            "metric.none",
        )
        code, output, errors = await headway(served, *arguments)
        assert (code, errors) == (0, "")
        assert output.splitlines() == ["flow,metric.none", *(f"{key}," for key in expected)]
    code, output, errors = await headway(served, "ls", "--order", "color.red")
    assert code != 0 and "cannot order by 'color.red'; name one of metric.KEY" in errors
