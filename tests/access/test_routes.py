"""Downloads and files of a namespace, for people who may see other namespaces only: they do not exist."""

import re
from pathlib import Path

import pytest

from models.ids import untyped
from server.http.pages import PAGE_ADDRESSES
from tests.access.house import MARK, STRANGERS, House, nobodys
from tests.access.serving import Served, served
from tests.server.test_database_away import http_routes

pytestmark = pytest.mark.timeout(120)


async def test_no_route_reveals_anything_of_theirs(house: House, tmp_path: Path) -> None:
    mine = await house.furnish(0)
    await house.pool.execute("update executions set ended_at = now() where ended_at is null")
    async with served(house, tmp_path) as server:
        lists = ["/executions/export.csv", "/executions/export.json"]
        before = {name: await texts(server, house, name, lists) for name in STRANGERS}
        theirs = await house.furnish(1)
        namespace = await house.pool.fetchval(
            "select namespace from executions where id = $1", untyped("exec", theirs)
        )
        artifact = (await house.ids())["art"][-1]
        wrong = []
        for name in STRANGERS:
            now = await texts(server, house, name, lists)
            if now != before[name]:
                wrong.append(f"{name}: the lists are others now")
            for id in (theirs, artifact):
                paths = paths_of(http_routes(server.app.routes), id, mine)
                assert paths
                answers = await texts(server, house, name, paths)
                other = paths_of(http_routes(server.app.routes), nobodys(id), mine)
                nobody = await texts(server, house, name, other)
                for path, one, two in zip(paths, answers, nobody, strict=True):
                    shown = one.replace(id, "ID")
                    if (
                        shown != two.replace(nobodys(id), "ID")
                        or MARK in shown
                        or namespace in shown
                    ):
                        wrong.append(f"{name}: {path}: {one} and not {two}")
                    if one.startswith("200"):
                        wrong.append(f"{name}: {path} is answered")
    assert not wrong, "\n".join(wrong)


def paths_of(routes: list[tuple[str, str]], id: str, mine: str) -> list[str]:
    """Returns the addresses of the object with this id, and of a comparison with one of the viewer's own executions."""
    kind = "/artifacts/" if id.startswith("art_") else "/executions/"
    found = [
        re.sub(r"{id(:path)?}", id, path).replace("{name}", "day")
        for method, path in routes
        if method == "GET"
        and path.startswith(kind)
        and "{id" in path
        and path not in PAGE_ADDRESSES
    ]
    return found + ([f"/executions/report.pdf?ids={mine},{id}"] if id.startswith("exec_") else [])


async def texts(server: Served, house: House, name: str, paths: list[str]) -> list[str]:
    async with server.client(house.secrets[name]) as http:
        found = []
        for path in paths:
            answer = await http.get(path)
            found.append(f"{answer.status_code} {answer.text}")
    return found
