"""Every field that leads from one object to another, read from the schema: where the viewer sees the namespace of the
one and not that of the other, no answer contains anything of the other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import graphql
import pytest
from graphql import GraphQLObjectType, GraphQLSchema, is_leaf_type

from models.access.viewer import EVERYWHERE, Scope, Viewer
from models.ids import Prefix, typed
from schema.context import Context
from schema.nodes import FINDERS
from tests.schema.richness import fill
from tests.schema.test_bulk import EVERYTHING, Asker, asker
from tests.schema.test_every_list import ARGUMENTS, TABLES, possible, step

__all__ = ["asker"]
pytestmark = pytest.mark.timeout(300)
MINE: Final = Scope(("mine.n0",))
MARK: Final = "0xTHEIRS"
_HERE: Final = Path(__file__).parent
MARKED: Final = (_HERE / "marked.sql").read_text().split(";\n")[:-1]
_LINKED: Final = (_HERE / "linked.sql").read_text().split(";\n")[:-1]
LEFT_OUT: Final = {"Execution.usualTaskDurations", "Query.flowSchema"}
"""A field for one execution at a time, which a list refuses; and one without objects."""
ROOTS: Final = {
    **ARGUMENTS,
    "Query.compareExecutions": "(ids: $mine)",
    "Query.debugExpression": '(taskRunId: $run, expression: "outputs")',
    "Query.node": "(id: $id)",
    "Query.nodes": "(ids: $all)",
    "Query.flow": '(namespace: "mine.n0", key: "f0")',
    "Query.execution": "(id: $id)",
    "Query.bulk": "(id: $bulk)",
    "Query.lineage": "(of: $id)",
    "Query.facets": "(field: ERROR, first: 200)",
    "Query.executions": "(first: 200)",
    "Query.auditLog": "(first: 200)",
}
TYPES: Final = {
    "$id": "ID!", "$mine": "[ID!]!", "$all": "[ID!]!", "$run": "ID!", "$bulk": "ID!",
}  # fmt: skip
EXPECTED: Final = 150
"""The least number of fields to other objects: fewer would mean that the walk is incomplete."""


class Walk:
    """Walks the fields that lead from one object to others, each with the shortest path to it."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema

    def leaves(self, kind: graphql.GraphQLNamedType, depth: int, alias: str = "") -> str:
        """Selects all scalar fields of an object, and of the objects behind it, so many levels down. Fields of one name
        may have several types: where the object has several possible types, each gets an `alias`."""
        if graphql.is_abstract_type(kind):
            parts = (
                f"... on {one.name} {self.leaves(one, depth, f'{one.name}_')}"
                for one in possible(self.schema, kind)
            )
            return f"{{ __typename {' '.join(parts)} }}"
        assert isinstance(kind, GraphQLObjectType)
        names = ["__typename"]
        for name, field in kind.fields.items():
            if f"{kind.name}.{name}" in LEFT_OUT:
                continue
            below = graphql.get_named_type(field.type)
            text = f"{alias}{name}: {self.step(kind, name)}" if alias else self.step(kind, name)
            if is_leaf_type(below):
                names.append(text)
            elif depth:
                names.append(f"{text} {self.leaves(below, depth - 1)}")
        return f"{{ {' '.join(names)} }}"

    def step(self, kind: GraphQLObjectType, name: str) -> str:
        given = ROOTS.get(f"{kind.name}.{name}")
        return f"{name}{given}" if given else step(kind, name, kind.fields[name])

    def edges(self) -> Iterator[tuple[str, str]]:
        """Yields the name of each field, and a document that selects everything behind it."""
        assert self.schema.query_type
        waiting: list[tuple[GraphQLObjectType, tuple[str, ...]]] = [(self.schema.query_type, ())]
        seen: set[str] = set()
        while waiting:
            kind, way = waiting.pop(0)
            if kind.name in seen:
                continue
            seen.add(kind.name)
            for name, field in kind.fields.items():
                below = graphql.get_named_type(field.type)
                if is_leaf_type(below) or f"{kind.name}.{name}" in LEFT_OUT:
                    continue
                here = (*way, self.step(kind, name))
                yield f"{kind.name}.{name}", _document(here, self.leaves(below, 1))
                for one in possible(self.schema, below):
                    within = () if one is below else (f"... on {one.name}",)
                    waiting.append((one, (*here, *within)))


def _document(way: tuple[str, ...], selection: str) -> str:
    text = f"{' { '.join(way)} {selection} {'} ' * (len(way) - 1)}"
    variables = ", ".join(f"{name}: {kind}" for name, kind in TYPES.items() if name in text)
    return f"query {f'({variables})' if variables else ''} {{ {text} }}"


async def answer(asker: Asker, document: str, scope: Scope, **variables: Any) -> Any:
    """Returns the answer with its errors, which may reveal something too."""
    viewer = Viewer.holding("user:zoe", EVERYTHING, scope)
    result = await asker.schema.execute(document, variables, Context(asker.services, viewer))
    errors = [error.message for error in result.errors or ()]
    return {"data": result.data, "errors": errors}


@pytest.fixture
async def linked(asker: Asker) -> dict[str, Any]:
    """Returns ids for the queries: an execution in `mine.n0`, from which all possible columns refer to `mine.n1`."""
    mine, _ = await fill(asker, range(2))
    for statement in (*MARKED, *_LINKED):
        await asker.pool.execute(statement)
    own = await asker.pool.fetch("select id from executions where namespace = 'mine.n0'")
    runs = "select id from task_runs where execution_id = $1 and path = 'sub'"
    return {
        "id": typed("exec", mine),
        "mine": [typed("exec", row["id"]) for row in own],
        "all": [id for prefix in TABLES for id in await ids_of(asker, prefix)],
        "run": typed("run", await asker.pool.fetchval(runs, mine)),
        "bulk": (await ids_of(asker, "bulk"))[0],
    }


async def ids_of(asker: Asker, prefix: Prefix) -> list[str]:
    rows = await asker.pool.fetch(f"select id from {TABLES[prefix]} order by id limit 12")
    return [typed(prefix, row["id"]) for row in rows]


async def their_ids(asker: Asker) -> list[str]:
    rows = await asker.pool.fetch("select id from executions where namespace = 'mine.n1'")
    return [typed("exec", row["id"]) for row in rows]


def revealed(answered: Any, hidden: list[str]) -> list[str]:
    text = json.dumps(answered, default=str)
    return [text[max(0, text.find(word) - 120) :][:240] for word in hidden if word in text]


async def test_no_field_leads_to_hidden_objects(asker: Asker, linked: dict[str, Any]) -> None:
    hidden = [MARK, *await their_ids(asker)]
    leaks, marked, number = {}, 0, 0
    for name, document in Walk(asker.schema._schema).edges():
        variables = {key: value for key, value in linked.items() if f"${key}" in document}
        number += 1
        if found := revealed(await answer(asker, document, MINE, **variables), hidden):
            leaks[name] = found[0]
        marked += MARK in json.dumps(
            await answer(asker, document, EVERYWHERE, **variables), default=str
        )
    assert not leaks, "\n".join(f"{name}: {text}" for name, text in leaks.items())
    assert number >= EXPECTED
    assert marked >= EXPECTED / 3  # shown to those who may see it


async def test_no_id_reveals_hidden_objects(asker: Asker, linked: dict[str, Any]) -> None:
    """An id of theirs gets the same answer as an unused id, for every kind."""
    assert TABLES.keys() == FINDERS.keys()
    mine = await asker.post(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", scope=MINE, ids=linked["all"]
    )
    seen = {one["id"] for one in mine["nodes"] if one}
    assert seen and len(seen) < len(linked["all"])
    walk = Walk(asker.schema._schema)
    query = walk.schema.query_type
    assert query
    for id in linked["all"]:
        if id in seen:
            continue
        for root, key in (("execution", "id"), ("lineage", "of"), ("bulk", "id"), ("node", "id")):
            field = query.fields[root]
            below = walk.leaves(graphql.get_named_type(field.type), 0)
            document = f"query ($id: ID!) {{ {root}({key}: $id) {below} }}"
            found = await answer(asker, document, MINE, id=id)
            nobody = await answer(asker, document, MINE, id=_nobodys(id))
            text = json.dumps(found, default=str)
            assert text.replace(id, "ID") == json.dumps(nobody, default=str).replace(
                _nobodys(id), "ID"
            ), (root, text)


def _nobodys(id: str) -> str:
    return f"{id.partition('_')[0]}_01h45ytscbebyvny4gc8cr8ma2"
