"""The query table as a client sees it: orders by value, columns, bars over time, the same error, fields to complete."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import Client

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
  - {{id: end, type: {end}, needs: [measure], message: "no space left on device {rank}"}}
"""
LIST = """query ($search: String, $by: ValueOrder, $first: Int, $after: String, $last: Int, $before: String) {
  executions(search: $search, orderByValue: $by, first: $first, after: $after, last: $last, before: $before) {
    nodes { id flowKey columns(names: ["metric.loss", "property.lr", "input.day", "input.password", "label.rank"]) }
    edges { cursor } totalCount { value exact } pageInfo { hasNextPage hasPreviousPage } } }"""
ROWS = [
    {"key": "a", "rank": "9", "day": "mon", "loss": 0.5, "lr": 0.001, "end": "log"},
    {"key": "b", "rank": "10", "day": "7", "loss": 0.25, "lr": "'wide'", "end": "fail"},
    {"key": "c", "rank": "x", "day": "2026-01-01", "loss": 7.0, "lr": 100, "end": "fail"},
]


@pytest.fixture
async def namespace(client: Client) -> str:
    """One of its own, with three executions that have ended."""
    namespace = f"table.p{uuid4().hex[:8]}"
    for row in ROWS:
        source = FLOW.format(**row, namespace=namespace)
        made = await client.run(source, inputs={"password": f"hidden {row['rank']}"})
        await client.until_ended(made["id"])
    return namespace


async def listed(client: Client, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.ask(LIST, **variables))["executions"]
    return found


async def test_orders_by_value_put_numbers_before_text(client: Client, namespace: str) -> None:
    for column, ascending, descending in (
        ("metric.loss", "bac", "cab"),
        ("property.lr", "acb", "cab"),
        ("label.rank", "abc", "bac"),
        ("input.day", "bca", "bac"),
        ("property.none", "abc", "cba"),
        ("input.password", "abc", "cba"),
    ):
        for direction, expected in (("ASC", ascending), ("DESC", descending)):
            by = {"column": column, "direction": direction}
            found = await listed(client, search=f"namespace:{namespace}", by=by)
            keys = "".join(node["flowKey"] for node in found["nodes"])
            assert keys == expected, (column, direction)
