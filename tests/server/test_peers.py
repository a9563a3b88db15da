"""Whether a task sent a request from this machine, or a proxy that is not a task."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pytest

from server.http import peers
from server.http.peers import may_be_task

NOBODYS = range(1_900_000_000, 1_900_000_001)
MINE = range(os.geteuid(), os.geteuid() + 1)
WAYS = [
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "127.0.0.9"),
    ("::1", "::1"),
    ("::", "127.0.0.1"),
    ("::", "::ffff:127.0.0.1"),
]
"""The address on which the server listens, and the address to which clients connect."""


@contextmanager
def connected(at: str, to: str) -> Iterator[tuple[socket.socket, dict[str, object]]]:
    """Yields the client's socket, and the scope of its request."""
    family = socket.AF_INET6 if ":" in at else socket.AF_INET
    any_address = at if at != "127.0.0.1" else ""
    with socket.create_server(
        (any_address, 0), family=family, dualstack_ipv6=at == "::"
    ) as listening:
        client = socket.create_connection((to, listening.getsockname()[1]))
        taken, peer = listening.accept()
        with closing(client), closing(taken):
            yield client, {"client": peer[:2], "server": taken.getsockname()[:2]}


@pytest.fixture
def other_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the server another user than the client."""
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)


@pytest.mark.parametrize(("at", "to"), WAYS)
def test_the_user_of_the_server_may_be_a_task(at: str, to: str) -> None:
    with connected(at, to) as (_, scope):
        assert may_be_task(NOBODYS)(scope)


@pytest.mark.parametrize(("at", "to"), WAYS)
@pytest.mark.usefixtures("other_user")
def test_another_user_is_a_task_if_tasks_run_as_that_user(at: str, to: str) -> None:
    with connected(at, to) as (_, scope):
        assert not may_be_task(NOBODYS)(scope)
        assert may_be_task(MINE)(scope)


@pytest.mark.usefixtures("other_user")
def test_a_closed_peer_may_be_a_task() -> None:
    """The system reports root as the owner of its socket."""
    for end in (socket.socket.close, lambda client: client.shutdown(socket.SHUT_WR)):
        with connected("127.0.0.1", "127.0.0.1") as (client, scope):
            end(client)
            assert may_be_task(NOBODYS)(scope)


@pytest.mark.usefixtures("other_user")
def test_the_peer_of_a_proxy_is_checked_and_not_its_client() -> None:
    with connected("127.0.0.1", "127.0.0.1") as (_, scope):
        forwarded = {**scope, "client": ("10.9.9.9", 0), "headway.peer": scope["client"]}
        assert may_be_task(MINE)(forwarded)


@pytest.mark.usefixtures("other_user")
def test_a_connection_of_the_same_port_to_another_address_is_another() -> None:
    """The other connection may be the proxy's, to the same server; only the user of this connection counts."""
    with connected("127.0.0.1", "127.0.0.1") as (_, scope):
        assert not may_be_task(NOBODYS)(scope)
        port = cast("tuple[str, int]", scope["server"])[1]
        assert may_be_task(NOBODYS)({**scope, "server": ("127.0.0.2", port)})


@pytest.mark.usefixtures("other_user")
def test_where_the_system_shows_no_users_any_local_peer_may_be_a_task(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peers, "_TABLES", (tmp_path / "tcp", tmp_path / "tcp6"))
    with connected("127.0.0.1", "127.0.0.1") as (_, scope):
        assert may_be_task(NOBODYS)(scope)


def test_other_machines_have_no_tasks_of_this_one() -> None:
    scope = {"client": ("203.0.113.9", 4711), "server": ("203.0.113.1", 443)}
    assert not may_be_task(MINE)(scope)
