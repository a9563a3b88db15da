"""Each root needs the permission in the table: it is refused without it, and is not refused with that one alone."""

import json
from typing import Any, Final

import pytest
from graphql import get_named_type, is_leaf_type

from models.access.viewer import EVERYWHERE, Permission, Viewer
from models.ids import typed, untyped
from tests.access.house import OURS, House
from tests.access.root_requests import MUTATIONS, QUERIES, SUBSCRIPTIONS, document, filled
from tests.schema.test_every_list import TABLES

pytestmark = pytest.mark.timeout(120)
EVERYTHING: Final = frozenset(Permission)
SEES: Final = frozenset({Permission.LIST_FLOWS, Permission.VIEW_EXECUTION})
"""The permissions that are needed to find the object of any mutation."""
_OVERRIDES: Final = frozenset({Permission.OVERRIDE_APPROVAL})
_GIVES: Final = frozenset({Permission.VIEW_LOGS})
MORE: Final = {
    "changeState": _OVERRIDES, "changeTaskRunState": _OVERRIDES, "grantRole": _GIVES, "createToken": _GIVES,
}  # fmt: skip
"""More permissions that these mutations need: their execution waits for an approval, and nobody grants what they do not
hold."""
LAST: Final = ("deleteFlow", "saveFlow")
"""These mutations leave nothing for the others to act on."""
NOT_THERE: Final = {"revokeToken"}
"""The tokens that a person may not revoke are also hidden."""
ACTORS: Final = {"cancelBulk": "user:zoe"}
"""Objects that somebody else created: everybody may stop their own bulk action."""


def test_the_tables_know_every_root(house: House) -> None:
    schema = house.schema._schema
    for kind, table in (
        (schema.query_type, QUERIES),
        (schema.mutation_type, MUTATIONS),
        (schema.subscription_type, SUBSCRIPTIONS),
    ):
        assert kind
        missing = [f"{kind.name}.{name}" for name in kind.fields if name not in table]
        assert not missing, f"say in tests/access/root_requests.py what {missing} need"
        gone = [name for name in table if name not in kind.fields]
        assert not gone, (
            f"{kind.name} has no {gone} any more: take it out of tests/access/root_requests.py"
        )


@pytest.fixture
async def values(house: House) -> dict[str, str]:
    """Returns the ids of the objects in OURS, for the variables of the requests."""
    return await values_of(house, 0)


async def values_of(house: House, number: int) -> dict[str, str]:
    execution = await house.furnish(number)
    root = await house.viewer("root")
    await house.changed(root, "saveRole", {"name": "unused", "permissions": ["LIST_FLOWS"]})
    wanted = {"action": "CANCEL", "ids": [execution]}
    made = await house.changed(holding(EVERYTHING), "previewBulk", wanted, "preview { id }")
    ids = await house.ids()
    other = next(id for id in ids["exec"] if id != execution)
    runs = "select id from task_runs where execution_id = $1 and path = 'a'"
    run = await house.pool.fetchval(runs, untyped("exec", other))
    return {
        **{prefix: ids[prefix][-1] for prefix in TABLES},
        "exec": execution,
        "run": typed("run", run),
        "bulk": next(id for id in ids["bulk"] if id != made["preview"]["id"]),
        "preview": made["preview"]["id"],
        "namespace": OURS,
        "key": f"f{number}",
        "service": f"svc-{number}",
        "group": f"g{number}",
        "secret": "s",
        "other": other,
    }


def holding(permissions: frozenset[Permission], actor: str = "user:ada") -> Viewer:
    return Viewer.holding(actor, permissions, EVERYWHERE)


async def test_a_mutation_without_its_permission_is_refused_and_changes_nothing(
    house: House, values: dict[str, str]
) -> None:
    wrong, before = [], await house.content()
    for name, request in MUTATIONS.items():
        for needed in request.needs:
            viewer = holding(EVERYTHING - {needed}, ACTORS.get(name, "user:ada"))
            answer = await house.changed(viewer, name, filled(request.input, values))
            problems = answer["problems"]
            if [one["code"] for one in problems] not in (["FORBIDDEN"], ["NOT_FOUND"]):
                wrong.append(f"{name} without {needed}: {problems}")
            elif problems[0]["code"] == "FORBIDDEN" and needed not in problems[0]["message"]:
                wrong.append(f"{name} without {needed} speaks of another: {problems}")
            elif problems[0]["code"] == "NOT_FOUND" and name not in NOT_THERE:
                wrong.append(f"{name} without {needed} says that it is not there: {problems}")
        if (after := await house.content()) != before:
            changed = [table for table in after if after[table] != before[table]]
            wrong.append(f"{name} changed {changed}")
            before = after
    assert not wrong, "\n".join(wrong)


async def test_a_mutation_with_its_permission_is_not_forbidden(
    house: House, values: dict[str, str]
) -> None:
    wrong = []
    for name in sorted(MUTATIONS, key=lambda name: (name in LAST, name.startswith("delete"), name)):
        request = MUTATIONS[name]
        held = SEES | frozenset(request.needs) | MORE.get(name, frozenset())
        answer = await house.changed(holding(held), name, filled(request.input, values))
        codes = {one["code"] for one in answer["problems"]}
        if codes & {"FORBIDDEN", "NOT_FOUND"}:
            wrong.append(f"{name} with {sorted(held)}: {answer['problems']}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def selections(house: House) -> dict[str, str]:
    """Returns `{ __typename }` for each query that returns objects."""
    query = house.schema._schema.query_type
    assert query
    return {
        name: "" if is_leaf_type(get_named_type(one.type)) else "{ __typename }"
        for name, one in query.fields.items()
    }


async def test_a_query_needs_its_permission_and_no_other(
    house: House, values: dict[str, str], selections: dict[str, str]
) -> None:
    query = house.schema._schema.query_type
    assert query
    wrong = []
    for name, needed in QUERIES.items():
        text = document("Query", name, query.fields[name], selections[name], id_of(name))
        text = filled(text, values)
        if needed is None:
            nothing = await house.answer(holding(frozenset()), text)
            if any("FORBIDDEN" not in one for one in nothing["errors"]):
                wrong.append(f"{name} with no permission: {nothing}")
            continue
        refused = await house.answer(holding(EVERYTHING - {needed}), text)
        if not is_refused(refused, needed):
            wrong.append(f"{name} without {needed}: {refused}")
        given = await house.answer(holding(frozenset({needed})), text)
        if given["errors"]:
            wrong.append(f"{name} with {needed}: {given}")
    assert not wrong, "\n".join(wrong)


def id_of(name: str) -> str:
    return {"bulk": "$bulk", "debugExpression": "$run"}.get(name, "$exec")


def is_refused(answer: Any, needed: Permission) -> bool:
    codes = [one[1:] for one in answer["errors"]]
    return codes == [["FORBIDDEN"]] and needed in json.dumps(answer["errors"])


async def test_a_subscription_needs_its_permission(house: House, values: dict[str, str]) -> None:
    found = house.schema._schema.subscription_type
    assert found
    wrong = []
    for name, needed in SUBSCRIPTIONS.items():
        text = document("Subscription", name, found.fields[name], "{ __typename }", id_of(name))
        text = filled(text, values)
        refused = await house.first(holding(EVERYTHING - {needed}), text)
        if not is_refused(refused, needed):
            wrong.append(f"{name} without {needed}: {refused}")
        given = await house.first(holding(frozenset({needed, Permission.VIEW_EXECUTION})), text)
        if given["errors"]:
            wrong.append(f"{name} with {needed}: {given}")
    assert not wrong, "\n".join(wrong)
