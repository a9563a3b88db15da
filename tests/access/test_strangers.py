"""People with permissions elsewhere learn nothing of a namespace, not even that it has objects, and change nothing
there."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from graphql import GraphQLInputObjectType, get_named_type, is_leaf_type

from models.access.viewer import Viewer
from models.ids import typed, untyped
from tests.access.house import MARK, STRANGERS, THEIRS, House, nobodys
from tests.access.root_requests import ID_KINDS, MUTATIONS, document, filled
from tests.scopes.test_relations import TYPES, Walk

pytestmark = pytest.mark.timeout(200)
OF_ALL: Final = {"Query.workers"}
"""Roots whose objects belong to the whole installation."""
SEEN_BY_ALL: Final = {"wrk"}
FILTERS: Final = {
    "ExecutionFilter.id": '{ executions(where: {id: ["$exec"]}) { nodes { id } totalCount { value } } }',
    "ArtifactFilter.executionId": '{ artifacts(where: {executionId: "$exec"}) { nodes { id } totalCount { value } } }',
    "ApprovalFilter.executionId": '{ approvals(where: {executionId: "$exec"}) { nodes { id } totalCount { value } } }',
    "AuditFilter.executionId": '{ auditLog(where: {executionId: "$exec"}) { nodes { id } totalCount { value } } }',
}
"""Queries with an id in a filter, by the filter's field."""


@pytest.fixture
async def values(house: House) -> dict[str, Any]:
    """Ids of OURS, for people who query their own objects."""
    mine = await house.furnish(0)
    ids = await house.ids()
    runs = "select id from task_runs where execution_id = $1 and path = 'sub'"
    run = await house.pool.fetchval(runs, untyped("exec", mine))
    ended = await house.pool.fetch("select id from executions where ended_at is not null")
    return {
        "id": mine,
        "mine": [typed("exec", row["id"]) for row in ended],
        "all": [id for listed in ids.values() for id in listed[:12]][:200],
        "run": typed("run", run),
        "bulk": ids["bulk"][0],
    }


def documents(house: House, deep: bool) -> Iterator[tuple[str, str]]:
    """Returns each root with the scalar fields below it, or each field that leads to other objects."""
    for name, text in Walk(house.schema._schema).edges():
        if (deep or name.startswith("Query.")) and name not in OF_ALL:
            yield name, text


async def read(house: House, viewer: Viewer, deep: bool, values: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name, text in documents(house, deep):
        given = {
            key: one for key, one in values.items() if f"${key}" in text and f"${key}" in TYPES
        }
        answer = json.dumps(await house.answer(viewer, text, **given), default=str)
        found[name] = PASSING.sub(r'"\1": NOW', answer)
    return found


PASSING: Final = re.compile(
    r'"((?:\w+_)?(?:duration|delta|until|alive|cursor))": '
    r'(?:[\d.e-]+|true|false|"[-\d:T.]+Z"|"ZXhlY3V0aW9uLnBsYWNl\w+=*")'
)
"""Values that change while something runs: its duration, the end of counted ranges, whether a worker is alive, and the
position in time in a cursor of `executionChanges`."""


async def test_hidden_objects_change_no_answer(house: House, values: dict[str, Any]) -> None:
    """Compares answers byte for byte, so counts, pages, facets and statistics too."""
    before = {
        name: await read(house, await house.viewer(name), name == "namespace_admin", values)
        for name in STRANGERS
    }
    await house.furnish(1)
    wrong = []
    for name, answers in before.items():
        now = await read(house, await house.viewer(name), name == "namespace_admin", values)
        for root, was in answers.items():
            if now[root] != was:
                pairs = enumerate(zip(was, now[root], strict=False))
                place = max(next((at for at, (one, two) in pairs if one != two), 0) - 80, 0)
                wrong.append(
                    f"{name}: {root}: {was[place:][:160]} became {now[root][place:][:160]}"
                )
            assert MARK not in now[root], (name, root)
    assert not wrong, "\n".join(wrong)
    everything = await read(house, await house.viewer("root"), True, values)
    assert sum(MARK in text for text in everything.values()) > 10  # there is something to see


async def theirs_of(house: House) -> dict[str, list[str]]:
    """Fills THEIRS and returns the new ids, by kind."""
    before = await house.ids()
    await house.furnish(1)
    return {
        prefix: [id for id in ids if id not in before[prefix]]
        for prefix, ids in (await house.ids()).items()
    }


def test_every_filter_with_an_id_is_known(house: House) -> None:
    found = {
        f"{kind.name}.{name}"
        for kind in house.schema._schema.type_map.values()
        if isinstance(kind, GraphQLInputObjectType) and kind.name.endswith("Filter")
        for name, one in kind.fields.items()
        if get_named_type(one.type).name == "ID"
    }
    assert found == FILTERS.keys(), "add a query with the new filter to FILTERS"


async def test_a_hidden_id_is_answered_like_an_unused_one(
    house: House, values: dict[str, Any]
) -> None:
    theirs, wrong = await theirs_of(house), []
    assert all(theirs.values()), [prefix for prefix, ids in theirs.items() if not ids]
    schema = house.schema._schema
    queries = [(f"filter {name}", text, "exec") for name, text in FILTERS.items()]
    for kind in (schema.query_type, schema.subscription_type):
        assert kind
        for name, one in kind.fields.items():
            place = f"{kind.name}.{name}"
            if any(get_named_type(argument.type).name == "ID" for argument in one.args.values()):
                below = get_named_type(one.type)
                selection = "" if is_leaf_type(below) else "{ __typename }"
                text = document(kind.name, name, one, selection)
                queries.append((place, text, ID_KINDS.get(place, "exec")))
    nodes = [id for kind, ids in theirs.items() if kind not in SEEN_BY_ALL for id in ids[:3]]
    for name in STRANGERS:
        viewer = await house.viewer(name)
        for place, text, prefix in queries:
            ids = nodes if place in {"Query.node", "Query.nodes"} else theirs[prefix][:1]
            for id in ids:
                answers = [
                    await post(house, viewer, text, one, values["id"]) for one in (id, nobodys(id))
                ]
                if answers[0] != answers[1] or MARK in answers[0]:
                    wrong.append(f"{name}: {place} of {id}: {answers[0]} and not {answers[1]}")
    assert not wrong, "\n".join(wrong)


async def post(house: House, viewer: Viewer, text: str, id: str, other: str) -> str:
    """Returns the answer, with ID in place of the id."""
    given = text.replace("$exec", id).replace("$other", other)
    if given.startswith("subscription"):
        answer = await house.first(viewer, given)
    else:
        answer = await house.answer(viewer, given)
    return json.dumps(answer, default=str).replace(id, "ID")


async def test_no_mutation_reveals_or_changes_anything_of_theirs(
    house: House, values: dict[str, Any]
) -> None:
    ids = {prefix: found[0] for prefix, found in (await theirs_of(house)).items()}
    await house.pool.execute("update secrets set name = 'theirs' where namespace = $1", THEIRS)
    named = {
        "namespace": THEIRS,
        "key": "f1",
        "service": "svc-1",
        "group": "g1",
        "secret": "theirs",
    }
    there = {**ids, **named, "preview": ids["bulk"]}
    away = {key: nobodys(id) for key, id in ids.items()} | {
        "namespace": "mine.n9", "key": "f9", "service": "svc-9", "group": "g9", "secret": "none",
        "preview": nobodys(ids["bulk"]),
    }  # fmt: skip
    wrong, before = [], await house.content()
    for name in STRANGERS:
        viewer = await house.viewer(name)
        for mutation, request in MUTATIONS.items():
            if "$" not in json.dumps(request.input):
                continue  # the input has no id or name
            answers = [await tried(house, viewer, mutation, there)]
            after = await house.content()
            changed = {table for table in after if after[table] != before[table]}
            if changed - MADE_OF_NOTHING.get(mutation, set()):
                wrong.append(f"{name}: {mutation} changed {changed}")
            before = after
            if MARK in answers[0]:
                wrong.append(f"{name}: {mutation} reveals {answers[0]}")
            if request.of_all:
                continue
            answers.append(await tried(house, viewer, mutation, away))
            before = await house.content()
            if answers[0] != answers[1]:
                wrong.append(f"{name}: {mutation}: {answers[0]} and not {answers[1]}")
    assert not wrong, "\n".join(wrong)


MADE_OF_NOTHING: Final = {"previewBulk": {"bulk_sets"}}
"""Tables that a mutation changes although its objects are hidden: a preview of no execution is stored."""


async def tried(house: House, viewer: Viewer, mutation: str, values: dict[str, str]) -> str:
    """Returns the payload, with the names of values in place of the values."""
    what = {"previewBulk": "preview { total wouldApply notFound samples { id } }"}
    answer = await house.changed(
        viewer, mutation, filled(MUTATIONS[mutation].input, values), what.get(mutation, "")
    )
    text = json.dumps(answer)
    for name, value in sorted(values.items(), key=lambda pair: -len(pair[1])):
        text = re.sub(rf"(?<![\w.]){re.escape(value)}(?![\w.]*\w)", f"${name}", text)
    return text
