"""The database errors that count as outages: by the class of their code, so that new ones are included."""

from collections.abc import Iterator

import asyncpg
import pytest

from runner.service.outage import ROLLED_BACK, UNREACHABLE, Busy, NoRoom, unavailable
from server.graphql.errors import UNAVAILABLE, explained

PASSING = ("08", "40", "53", "57", "58")
"""Connection, rollback, resources, an operator's intervention, the system."""
ALONE = {"25006", "25P03", "25P04", "55P03"}
"""Read-only; a transaction that was idle, or took, too long; a lock."""


def all_kinds(kind: type[BaseException] = asyncpg.PostgresError) -> Iterator[type[BaseException]]:
    for each in kind.__subclasses__():
        yield each
        yield from all_kinds(each)


def code(kind: type[BaseException]) -> str:
    return getattr(kind, "sqlstate", None) or ""


CODED = sorted({kind for kind in all_kinds() if code(kind)}, key=code)
OUTAGES = [kind for kind in CODED if code(kind).startswith(PASSING) or code(kind) in ALONE]


@pytest.mark.parametrize("kind", OUTAGES)
def test_transient_errors_are_outages(kind: type[asyncpg.PostgresError]) -> None:
    assert issubclass(kind, UNREACHABLE)
    message, extensions = explained(kind("why"))
    assert extensions == {"code": UNAVAILABLE}
    assert "try again" in message or "work continues" in message or "run fewer" in message


def test_nothing_else_is() -> None:
    assert len(OUTAGES) > 25
    others = [kind for kind in CODED if kind not in OUTAGES and issubclass(kind, UNREACHABLE)]
    # The same exception class means a wrong use of the protocol and a broken connection.
    assert others == []


def test_immediate_retries_have_changed_nothing() -> None:
    assert set(ROLLED_BACK) <= set(UNREACHABLE)
    for kind in (asyncpg.ConnectionDoesNotExistError, asyncpg.AdminShutdownError):
        assert not issubclass(kind, ROLLED_BACK), "whether it was committed is not known"


def test_each_says_how_to_fix_it() -> None:
    sentences = {
        NoRoom("full"): "free some space",
        asyncpg.DiskFullError("full"): "free some space",
        asyncpg.TooManyConnectionsError("too many"): "max_connections",
        asyncpg.ReadOnlySQLTransactionError("no writes"): "until it is writable",
        asyncpg.LockNotAvailableError("locked"): "another database session",
        asyncpg.QueryCanceledError("cancelled"): "cancelled this query",
        Busy("all connections for exports are in use"): "all connections for exports are in use",
        OSError(2, "no such file", "/a/path"): "no such file",
    }
    for error, part in sentences.items():
        assert part in str(unavailable(error))
        assert "/a/path" not in str(unavailable(error))
