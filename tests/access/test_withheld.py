"""Viewing flows, executions and logs are three permissions: values that need a missing one are shown nowhere else."""

import json
from typing import Any, Final

import pytest

from models.access.viewer import EVERYWHERE, Permission, Viewer
from models.ids import typed, untyped
from tests.access.house import House
from tests.scopes.test_relations import Walk
from tests.server.test_export_routes import export_client

pytestmark = pytest.mark.timeout(200)
MARKS: Final = {
    Permission.LIST_FLOWS: "0xSOURCE",
    Permission.VIEW_EXECUTION: "0xEXECUTION",
    Permission.VIEW_LOGS: "0xLINE",
}
_PLANTED: Final = (
    "update revisions set source = replace(source, 'message: a}', 'message: a0xSOURCE}')",
    """update executions set name = '0xEXECUTION', outputs = '{"o": "0xEXECUTION"}', inputs = '{"day": "0xEXECUTION"}',
       labels = '{"a": "0xEXECUTION"}'""",
    """update task_runs set outputs = '{"o": "0xEXECUTION"}', message = '0xEXECUTION'""",
    "update approvals set message = '0xEXECUTION'",
    "update notes set text = '0xEXECUTION'",
    "update artifacts set uri = 'https://0xEXECUTION', name = '0xEXECUTION'",
    "update artifact_uses set uri = 'https://0xEXECUTION'",
    "update bulk_items set name = '0xEXECUTION'",
    "update logs set text = '0xLINE'",
)


@pytest.fixture
async def values(house: House) -> dict[str, Any]:
    mine = await house.furnish(0)
    for statement in _PLANTED:
        await house.pool.execute(statement)
    house.parts.engine.plans._plans.clear()
    ids = await house.ids()
    runs = "select id from task_runs where execution_id = $1 and path = 'a'"
    run = await house.pool.fetchval(runs, untyped("exec", mine))
    return {
        "id": mine,
        "mine": ids["exec"][:4],
        "all": [id for listed in ids.values() for id in listed[:6]][:200],
        "run": typed("run", run),
        "bulk": ids["bulk"][0],
    }


@pytest.mark.parametrize("withheld", MARKS)
async def test_no_field_shows_withheld_values(
    house: House, values: dict[str, Any], withheld: Permission
) -> None:
    mark = MARKS[withheld]
    everything, others = frozenset(Permission), frozenset(Permission) - {withheld}
    leaks, shown = [], 0
    for name, text in Walk(house.schema._schema).edges():
        given = {key: one for key, one in values.items() if f"${key}" in text}
        answer = await house.answer(holding(others), text, **given)
        if mark in (found := json.dumps(answer, default=str)):
            leaks.append(f"{name}: {found[max(found.find(mark) - 100, 0) :][:200]}")
        answer = await house.answer(holding(everything), text, **given)
        shown += mark in json.dumps(answer, default=str)
    assert not leaks, "\n".join(leaks)
    assert shown > 1  # shown to those who may see it


async def test_downloads_exclude_withheld_fields(house: House, values: dict[str, Any]) -> None:
    one = f"/executions/{values['id']}"
    paths = [
        "/executions/export.csv", "/executions/export.json", f"{one}/record.json?logs=true", f"{one}/logs.txt",
        f"{one}/record.json", f"{one}/report.pdf", f"/executions/report.pdf?ids={','.join(values['mine'][:2])}",
    ]  # fmt: skip
    for withheld, mark in MARKS.items():
        async with export_client(house.parts.database, frozenset(Permission) - {withheld}) as http:
            for path in paths:
                answer = await http.get(path)
                assert mark not in answer.text, (withheld, path)
                if withheld is Permission.VIEW_EXECUTION:
                    assert answer.status_code == 403, path


def holding(permissions: frozenset[Permission]) -> Viewer:
    return Viewer.holding("user:zoe", permissions, EVERYWHERE)
