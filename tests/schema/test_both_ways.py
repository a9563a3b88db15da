"""Every connection of the contract is paged forwards and backwards, and its nodes are found by their ids. The
connections are read from the schema, so that new ones are included."""

from typing import Any, Final

import graphql
import pytest
from graphql import GraphQLObjectType, GraphQLSchema

from models.access.viewer import EVERYWHERE
from models.ids import typed
from schema import build_schema
from tests.schema.richness import fill
from tests.schema.test_bulk import MINE, Asker, asker

__all__ = ["asker"]
ROWS: Final = 5
SIZES: Final = (1, 2, 3, 200)
ARGUMENTS: Final = "first: $first, after: $after, last: $last, before: $before"
HEAD: Final = "query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String)"
PAGE: Final = """edges { cursor node { __typename id } } nodes { id } totalCount { value exact }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""
MORE: Final = """
insert into logs (execution_id, line, at, level, stream, text, task_run_id, path, attempt)
  select :id, line, now(), 40, 1, 'x', t.id, 'a', 1
  from generate_series(2, 7) line, task_runs t where t.execution_id = :id and t.path = 'a';
update log_heads set lines = 7 where execution_id = :id;
insert into bulk_items (bulk_id, position, execution_id, name, namespace, state_seq, outcome, at)
  select b.bulk_id, place, :id, 'x', b.namespace, 1, 'DONE', now()
  from generate_series(2, 7) place, bulk_items b where b.execution_id = :id and b.position = 1;
update executions set namespace = 'mine.n0', flow_key = 'f0' where namespace = 'mine.n1';
"""
WAYS: Final = {
    "Query": "{} {{ {} }}",
    "Flow": "node(id: $id) {{ ... on Flow {{ {} {{ {} }} }} }}",
    "Execution": "node(id: $id) {{ ... on Execution {{ {} {{ {} }} }} }}",
    "TaskRun": "node(id: $id) {{ ... on TaskRun {{ {} {{ {} }} }} }}",
    "Bulk": "node(id: $id) {{ ... on Bulk {{ {} {{ {} }} }} }}",
}


def connections(schema: GraphQLSchema) -> list[tuple[str, str]]:
    """Returns the fields that return a connection, with their types."""
    return [
        (kind.name, name)
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items()
        if is_connection(graphql.get_named_type(field.type))
    ]


def is_connection(kind: Any) -> bool:
    return isinstance(kind, GraphQLObjectType) and {"edges", "pageInfo"} <= kind.fields.keys()


SCHEMA: Final = build_schema()._schema
CONNECTIONS: Final = connections(SCHEMA)


@pytest.mark.parametrize(("kind", "name"), CONNECTIONS, ids=map(".".join, CONNECTIONS))
def test_connections_have_the_form_of_relay(kind: str, name: str) -> None:
    field = SCHEMA.type_map[kind].fields[name]  # type: ignore[attr-defined]
    connection = graphql.get_named_type(field.type)
    assert connection.name.endswith("Connection") and graphql.is_non_null_type(field.type)
    given = {
        argument: str(field.args[argument].type)
        for argument in ("first", "after", "last", "before")
    }
    assert given == {"first": "Int", "after": "String", "last": "Int", "before": "String"}
    edge = graphql.get_named_type(connection.fields["edges"].type)
    node = graphql.get_named_type(edge.fields["node"].type)
    assert str(connection.fields["pageInfo"].type) == "PageInfo!"
    assert str(edge.fields["cursor"].type) == "String!"
    assert "Node" in {interface.name for interface in node.interfaces}


async def test_every_connection_is_walked_both_ways(asker: Asker) -> None:
    ids = await filled(asker)
    for kind, name in CONNECTIONS:
        walk = Walk(asker, f"{kind}.{name}", ids[kind])
        whole = await walk.page(first=200)
        assert len(whole) >= ROWS - 1, f"{kind}.{name} has {len(whole)} rows to walk over"
        assert await walk.page(last=200) == whole
        for size in SIZES:
            assert await walk.all("first", "after", size) == whole, (kind, name, size)
            assert await walk.all("last", "before", size) == whole, (kind, name, size)
            for place, (cursor, _) in enumerate(whole):
                after = await walk.page(first=size, after=cursor)
                before = await walk.page(last=size, before=cursor)
                assert after == whole[place + 1 : place + 1 + size]
                assert before == whole[max(place - size, 0) : place]
        await walk.refetches(whole)
        await walk.refuses(whole[1][0])


class Walk:
    def __init__(self, asker: Asker, field: str, id: str) -> None:
        kind, self.name = field.split(".")
        self.asker, self.field, self.id = asker, field, id
        selection = WAYS[kind].format(f"found: {self.name}({ARGUMENTS})", PAGE)
        # Only managers of all namespaces see everybody's tokens.
        self.scope = EVERYWHERE if self.name == "tokens" else MINE
        self.query = f"{HEAD} {{ x: node(id: $id) {{ id }} {selection} }}"

    async def connection(self, **given: Any) -> Any:
        data = await self.asker.post(self.query, scope=self.scope, id=self.id, **given)
        return data["found"] if "found" in data else data["node"]["found"]

    async def page(self, **given: Any) -> list[tuple[str, str]]:
        """Returns the cursors and ids of a page, after checking that its parts are consistent."""
        found = await self.connection(**given)
        rows = [(edge["cursor"], edge["node"]["id"]) for edge in found["edges"]]
        info = found["pageInfo"]
        assert [node["id"] for node in found["nodes"]] == [id for _, id in rows]
        ends = [rows[0][0], rows[-1][0]] if rows else [None, None]
        assert [info["startCursor"], info["endCursor"]] == ends
        return rows

    async def all(self, size: str, cursor: str, number: int) -> list[tuple[str, str]]:
        """Reads all pages, as a client does."""
        found: list[tuple[str, str]] = []
        given: dict[str, Any] = {size: number}
        more, end = (
            ("hasNextPage", "endCursor") if size == "first" else ("hasPreviousPage", "startCursor")
        )
        while True:
            connection = await self.connection(**given)
            rows = [(edge["cursor"], edge["node"]["id"]) for edge in connection["edges"]]
            found = [*found, *rows] if size == "first" else [*rows, *found]
            info = connection["pageInfo"]
            other = "hasPreviousPage" if size == "first" else "hasNextPage"
            assert info[other] is (cursor in given)
            if not info[more]:
                return found
            assert rows, f"{self.field} says that there is more, and gives nothing"
            given[cursor] = info[end]

    async def refetches(self, whole: list[tuple[str, str]]) -> None:
        query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
        ids = [id for _, id in whole]
        assert len(set(ids)) == len(ids), f"{self.field} gives an id to two"
        found = (await self.asker.post(query, scope=self.scope, ids=ids))["nodes"]
        assert [node and node["id"] for node in found] == ids, self.field

    async def refuses(self, cursor: str) -> None:
        """Contradictory arguments."""
        for given in (
            {"first": 1, "last": 1},
            {"first": 1, "before": cursor},
            {"after": cursor, "last": 1},
            {"after": cursor, "before": cursor},
            {"first": 0},
            {"last": 0},
            {"last": 5_000},
            {"last": 1, "before": "no cursor"},
        ):
            with pytest.raises(AssertionError, match=r"GraphQLError"):
                await self.connection(**given)


async def filled(asker: Asker) -> dict[str, str]:
    """Returns the ids of objects with connections, by type."""
    (execution, *_) = await fill(asker, range(ROWS))
    for statement in MORE.replace(":id", f"'{execution}'::uuid").split(";\n")[:-1]:
        await asker.pool.execute(statement)
    one = asker.pool.fetchval
    flow = await one("select flow_id from executions where id = $1", execution)
    run = await one("select id from task_runs where execution_id = $1 and path = 'a'", execution)
    bulk = await one("select bulk_id from bulk_items where execution_id = $1", execution)
    return {
        "Query": typed("exec", execution),
        "Flow": typed("flow", flow),
        "Execution": typed("exec", execution),
        "TaskRun": typed("run", run),
        "Bulk": typed("bulk", bulk),
    }
