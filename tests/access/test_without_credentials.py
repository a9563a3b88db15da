"""Requests with no token or an ended one are refused at every root and route, by every transport."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from graphql import get_named_type, is_leaf_type
from websockets.asyncio.client import connect

from models.access.credentials import digest_of
from models.ids import new_id, typed
from runner.store.access import tokens
from tests.access.house import House
from tests.access.root_requests import MUTATIONS, document, filled
from tests.access.serving import served
from tests.api.people import ORIGIN
from tests.server.graphql.clients import PROTOCOL, Raw
from tests.server.test_database_away import http_routes, send_request

OPEN: Final = {
    ("GET", "/healthz"): 200, ("GET", "/readyz"): 200, ("GET", "/login"): 401, ("POST", "/login"): 401,
    ("POST", "/logout"): 204,
}  # fmt: skip
"""Routes for signing in and out and for health checks, with their status codes without credentials."""
ENDED: Final = ("nothing", "unknown", "expired", "revoked", "disabled")


@pytest.fixture
async def ended(house: House) -> dict[str, str | None]:
    """Tokens of administrators that are no longer valid."""
    await house.limit("expired", "root", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await house.limit("revoked", "root")
    row = await tokens.find(house.pool, digest_of(house.secrets["revoked"]))
    assert row and await tokens.revoke(house.pool, row["id"], ORIGIN)
    await house.enrol("disabled", "admin")
    await house.pool.execute("update principals set disabled_at = now() where name = 'disabled'")
    return {
        "nothing": None,
        "unknown": "hw_unknown",
        **{name: house.secrets[name] for name in ENDED[2:]},
    }


def every_root(house: House) -> list[str]:
    schema, found = house.schema._schema, []
    values = {
        "exec": typed("exec", new_id()),
        "other": typed("exec", new_id()),
        "namespace": "a",
        "key": "b",
    }
    for kind in (schema.query_type, schema.subscription_type):
        assert kind
        for name, one in kind.fields.items():
            selection = "" if is_leaf_type(get_named_type(one.type)) else "{ __typename }"
            found.append(filled(document(kind.name, name, one, selection), values))
    found += [f"mutation {{ {name}(input: {{}}) {{ problems {{ code }} }} }}" for name in MUTATIONS]
    return found


async def test_no_route_and_no_root_is_open(
    house: House, ended: dict[str, str | None], tmp_path: Path
) -> None:
    wrong, roots = [], every_root(house)
    async with served(house, tmp_path) as server:
        routes = http_routes(server.app.routes)
        assert OPEN.keys() <= set(routes), "an open way is gone: take it out of OPEN"
        assert len(routes) > 20
        before = await house.content()
        for name, token in ended.items():
            async with server.client(token) as http:
                for method, path in routes:
                    answer = await send_request(http, method, path)
                    if answer.status_code != OPEN.get((method, path), 401):
                        wrong.append(f"{name}: {method} {path}: {answer.status_code}")
                for root in roots:
                    for path in ("/graphql", "/graphql/stream"):
                        answer = await http.post(path, json={"query": root})
                        if answer.status_code != 401:
                            wrong.append(f"{name}: {path} {root}: {answer.text[:200]}")
        after = await house.content()
        changed = {table for table in after if after[table] != before[table]}
    assert not wrong, "\n".join(wrong)
    assert changed <= {"audit_log"}  # refusals are logged


async def test_no_socket_opens(house: House, ended: dict[str, str | None], tmp_path: Path) -> None:
    async with served(house, tmp_path) as server:
        for name, token in ended.items():
            url = f"ws://127.0.0.1:{server.port}/graphql"
            for payload in ({}, {"token": token}):
                async with connect(url, subprotocols=[PROTOCOL]) as connection:
                    client = Raw(connection)
                    await client.say({"type": "connection_init", "payload": payload})
                    assert (await client.closed())[0] == 4401, name
