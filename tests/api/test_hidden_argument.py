"""Everybody on a machine sees the arguments of a server, tasks too: no password stays among them."""

from urllib.parse import urlsplit

import psutil
import pytest

from server.cli.hidden_argument import hidden_password
from tests.api.servers import Served

URL = "postgresql://headway:hidden@db/headway"


def test_the_password_of_the_database_is_no_argument(served: Served, second_server: Served) -> None:
    password = urlsplit(served.database_url).password
    assert password
    command = psutil.Process(second_server.process.pid).cmdline()
    assert "serve" in command and password not in " ".join(command)


@pytest.mark.parametrize("url", [URL, "postgresql:///headway?host=db&password=hidden"])
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_server_runs_without_the_argument(command: str, url: str) -> None:
    left = (["python", "headway", command, "--queue", "a"], url)
    for given in (["--database-url", url], [f"--database-url={url}"]):
        assert (
            hidden_password(["python", "headway", command, *given, "--queue", "a"], command) == left
        )
    first = ["python", "headway", command, "--database-url", URL, "--queue", "a"]
    assert hidden_password([*first, "--database-url", url], command) == left


@pytest.mark.parametrize(
    "words",
    [
        ["serve"],
        ["serve", "--database-url", "postgresql://headway@db/headway"],
        ["serve", "--database-url"],
        ["serve", "--database-url", "postgresql://[:hidden@db"],
        ["doctor", "--database-url", URL],
        [],
    ],
    ids=str,
)
def test_nothing_else_starts_again(words: list[str]) -> None:
    assert hidden_password(["python", "headway", *words], *words[:1]) is None
