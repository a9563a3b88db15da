"""A running bulk action ends when its token, its role or its person is revoked."""

import asyncio
from typing import Any, Final

import pytest

from models.ids import typed
from models.spec import parse_flow
from runner.bulk.bulk_runner import BulkRunner
from runner.store.flows.flows import save_flow
from schema.context import Context
from tests.access.test_giving import Office, office
from tests.schema.test_bulk import PREVIEW, RUN, SOURCE
from tests.server.doors import session_of

__all__ = ["office"]

ENDS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "token": ("revokeToken", "token { id }", {"name": "ada"}),
    "role": ("revokeRole", "grant { role }", {"to": "user:ada", "role": "admin"}),
    "person": ("savePrincipal", "principal { id }", {"kind": "PERSON", "name": "ada", "disabled": "true"}),
}  # fmt: skip


@pytest.fixture
def begins(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """No bulk is taken up before it is set."""
    gate, claim = asyncio.Event(), BulkRunner._claim

    async def claimed(self: BulkRunner) -> Any:
        await gate.wait()
        return await claim(self)

    monkeypatch.setattr(BulkRunner, "_claim", claimed)
    return gate


@pytest.mark.parametrize("by", ["token", "session"])
@pytest.mark.parametrize("end", [*ENDS, "nothing"])
async def test_a_bulk_action_ends_with_its_token_role_or_person(
    office: Office, begins: asyncio.Event, end: str, by: str
) -> None:
    boss = await office.coming("bert", "admin")
    ada = await office.coming("ada", "admin")
    if by == "session":
        secret = (await office.change(ada, "createToken", "secret", name="ada", replace=True))[
            "secret"
        ]
        ada = await office.door.by_session(
            await session_of(office.parts.database, office.door, secret)
        )
    assert ada
    source = SOURCE.format("mine")
    async with office.pool.acquire() as connection:
        await save_flow(connection, parse_flow(source), source, "user:boss")
    id = typed("exec", await office.create("mine"))

    async def post(query: str, **input: Any) -> Any:
        result = await office.schema.execute(query, {"input": input}, Context(office.services, ada))
        assert result.errors is None and result.data, result.errors
        return result.data

    preview = (await post(PREVIEW, action="ADD_NOTE", ids=[id], text="seen"))["previewBulk"][
        "preview"
    ]
    assert not (await post(RUN, previewId=preview["id"], mode="EACH"))["runBulk"]["problems"]
    if end != "nothing":
        name, what, input = ENDS[end]
        given: dict[str, Any] = input | ({"disabled": True} if "disabled" in input else {})
        assert not (await office.change(boss, name, what, **given))["problems"]
    begins.set()
    await office.until_ended(preview["id"])
    noted = await office.pool.fetchval("select count(*) from notes")
    assert noted == (end == "nothing")
    codes = await office.pool.fetch("select code from bulk_items")
    assert [row["code"] for row in codes] == [None if end == "nothing" else "FORBIDDEN"]
