"""Every field of the objects in a list is read for the whole list at once: with as many statements for 40 rows as for
4. The fields are read from the schema, so that new ones are included."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import graphql
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, is_leaf_type

from models.access.viewer import Scope
from models.ids import Prefix, part_of, typed
from schema.nodes import FINDERS, PARTS
from tests.schema.richness import fill
from tests.schema.test_bulk import Asker, asker
from tests.schema.test_list_statements import Counted

__all__ = ["asker"]
FEW, MANY = 4, 40
SLACK: Final = 2
"""Statements for values that none of the few rows has. One for each row would be 36 more."""
ARGUMENTS: Final = {
    "Query.artifacts": "(first: 200)",
    "Query.facets": "(field: NAMESPACE, first: 200)",
    "Query.executionStats": '(since: "2026-01-01T00:00:00Z", bucket: DAY)',
    "Query.executionHistogram": '(since: "2020-01-01T00:00:00Z", bars: 10)',
    "Query.flows": "(first: 200)",
    "Query.executions": "(first: 200, where: {state: {in: [FAILED, RUNNING]}})",
    "Query.approvals": "(first: 200)",
    "Query.auditLog": "(first: 200)",
    "Query.schedules": "(first: 200)",
    "Query.validateFlow": '(source: "id: a")',
    "Execution.task": '(key: "a")',
    "Execution.columns": '(names: ["metric.loss", "metrics"])',
}
"""Arguments of fields with required ones; and for roots, a page that holds all rows."""
NOT_LISTS: Final = {
    "Query.compareExecutions", "Query.debugExpression", "Query.node", "Query.nodes", "Query.flow", "Query.execution",
    "Query.bulk", "Query.viewer", "Query.lineage",
}  # fmt: skip
"""Roots that return one object, or a few by id; `nodes` has a test of its own."""
NODES: Final = """query ($ids: [ID!]!) { nodes(ids: $ids) {
  id ... on Bulk { results { nodes { name } totalCount { value } } } } }"""
TABLES: Final[Mapping[Prefix, str]] = {
    "exec": "executions", "flow": "flows", "rev": "revisions", "wrk": "workers", "aud": "audit_log",
    "bulk": "bulk_sets", "note": "notes", "sched": "schedules", "filt": "saved_filters", "run": "task_runs",
    "att": "attempts", "appr": "approvals", "art": "artifacts", "use": "artifact_uses", "evt": "events",
    "prin": "principals", "tok": "tokens",
}  # fmt: skip
PART_TABLES: Final[Mapping[Prefix, tuple[str, str, str]]] = {
    "line": ("logs", "execution_id", "line"), "bres": ("bulk_items", "bulk_id", "position"),
}  # fmt: skip
EMPTY: Final = {
    "AlreadyDecided.request", "InvalidState.availableActions", "Approval.form", "SavedFilter.orderByValue",
    "TaskRun.iteration", "Waiting.execution",
}  # fmt: skip
"""Fields of refusals, which a query does not return; parts of the row itself; and fields of a running foreach or
child."""
REFUSED: Final = {"Execution.usualTaskDurations"}
"""Available for one execution at a time; in a list they are refused."""


@dataclass(frozen=True, slots=True)
class Place:
    """A type and the path to it; `listed` if the path includes a list."""

    type: GraphQLObjectType
    way: tuple[str, ...]
    listed: bool
    depth: int

    def post(self, selection: str) -> str:
        head = "query ($id: ID!) { " if any("$id" in step for step in self.way) else "{ "
        return f"{head}{' { '.join((*self.way, selection))} {'} ' * len(self.way)}}}"


def step(type: GraphQLObjectType, name: str, field: GraphQLField) -> str:
    given = ARGUMENTS.get(f"{type.name}.{name}", "")
    missing = [each for each, one in field.args.items() if graphql.is_required_argument(one)]
    assert given or not missing, f"give {type.name}.{name} its {missing} in ARGUMENTS"
    return f"{name}{given}"


def fields_of(type: GraphQLObjectType) -> Iterator[tuple[str, str, GraphQLField]]:
    for name, one in type.fields.items():
        if f"{type.name}.{name}" not in REFUSED | NOT_LISTS:
            yield name, step(type, name, one), one


def selections(type: GraphQLObjectType) -> dict[str, str]:
    """Returns each field that leads to other objects by itself, and all scalar fields together."""
    found, plain = {}, []
    for name, text, one in fields_of(type):
        if is_leaf_type(graphql.get_named_type(one.type)):
            plain.append(text)
        else:
            found[name] = f"{text} {{ __typename }}"
    return found | ({"its plain fields": " ".join(plain)} if plain else {})


def possible(schema: GraphQLSchema, kind: graphql.GraphQLNamedType) -> list[GraphQLObjectType]:
    if graphql.is_abstract_type(kind):
        return list(schema.get_possible_types(kind))
    assert isinstance(kind, GraphQLObjectType)
    return [kind]


def places(schema: GraphQLSchema) -> list[Place]:
    """Returns every type within a list, by the shortest path from the root that has no empty part."""
    assert schema.query_type
    waiting, found, seen = [Place(schema.query_type, (), False, 0)], [], set[str]()
    while waiting:
        place = waiting.pop(0)
        if place.listed:
            if place.type.name in seen:
                continue
            seen.add(place.type.name)
            found.append(place)
        if place.depth == 5:
            continue
        for name, text, below in fields_of(place.type):
            kind = graphql.get_named_type(below.type)
            if is_leaf_type(kind) or name == "edges" or f"{place.type.name}.{name}" in EMPTY:
                continue
            is_list = graphql.is_list_type(graphql.get_nullable_type(below.type))
            listed = place.listed or is_list
            for one in possible(schema, kind):
                within = () if one is kind else (f"... on {one.name}",)
                waiting.append(Place(one, (*place.way, text, *within), listed, place.depth + 1))
    return found


async def count(asker: Asker, query: str, **variables: Any) -> tuple[int, Any]:
    """Returns the statements, without those of caches that outlive a request, and the answer."""
    asker.parts.engine.plans._plans.clear()
    counted = Counted(asker.parts.database.pool)
    object.__setattr__(asker.services, "pool", counted)
    data = await asker.post(query, scope=Scope(), **variables)
    return len(counted.statements), data


def found_in(data: Any, way: tuple[str, ...]) -> list[Any]:
    """Yields the objects at the end of a path."""
    here = [data]
    for name in (step.partition("(")[0] for step in way if not step.startswith("...")):
        below = (one.get(name) for one in here)
        here = [each for one in below for each in (one if isinstance(one, list) else [one]) if each]
    return here


@dataclass(slots=True)
class Counts:
    """Returns the number of statements by the path of a field, and the fields that had values."""

    statements: dict[str, int] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)


async def counts_of(asker: Asker, everything: list[Place]) -> Counts:
    counts = Counts()
    for place in everything:
        for name, text in selections(place.type).items():
            number, data = await count(asker, place.post(text))
            counts.statements[" > ".join((*place.way, name))] = number
            if any(one.get(name) not in (None, []) for one in found_in(data, place.way)):
                counts.filled.add(f"{place.type.name}.{name}")
    return counts


async def test_fields_of_lists_are_read_for_all_rows_at_once(asker: Asker) -> None:
    everything = places(asker.schema._schema)
    await fill(asker, range(FEW))
    few = (await counts_of(asker, everything)).statements
    await fill(asker, range(FEW, MANY))
    counts = await counts_of(asker, everything)
    grown = [
        f"{few[way]} statements, then {number}: {way}"
        for way, number in counts.statements.items()
        if number > few[way] + SLACK
    ]
    assert not grown, "\n".join(grown)
    linked = {
        f"{place.type.name}.{name}"
        for place in everything
        for name, text in selections(place.type).items()
        if text.endswith("}")
    }
    assert linked - counts.filled == EMPTY


async def test_nodes_of_every_kind_are_read_at_once(asker: Asker) -> None:
    await fill(asker, range(MANY))
    missing = []
    assert TABLES.keys() == FINDERS.keys()
    for prefix, table in TABLES.items():
        select = f"select id from {table} order by id limit {MANY}"
        ids = [typed(prefix, row["id"]) for row in await asker.parts.database.pool.fetch(select)]
        few, _ = await count(asker, NODES, ids=ids[:FEW])
        many, data = await count(asker, NODES, ids=ids)
        assert all(data["nodes"]) and len(data["nodes"]) == MANY, prefix
        if many > few:
            missing.append(f"{prefix}: {few} statements, then {many}")
    assert not missing, "\n".join(missing)


async def test_parts_are_read_at_once(asker: Asker) -> None:
    await fill(asker, range(MANY))
    assert PART_TABLES.keys() == PARTS.keys()
    for prefix, (table, whole, number) in PART_TABLES.items():
        select = f"select {whole} as whole, {number} as number from {table} order by 1 limit {MANY}"
        rows = await asker.parts.database.pool.fetch(select)
        ids = [part_of(prefix, row["whole"], row["number"]) for row in rows]
        few, _ = await count(asker, NODES, ids=ids[:FEW])
        many, data = await count(asker, NODES, ids=ids)
        assert [node["id"] for node in data["nodes"]] == ids and len(ids) == MANY
        assert many <= few, f"{prefix}: {few} statements, then {many}"
