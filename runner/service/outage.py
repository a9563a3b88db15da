"""Errors that mean that the database is unavailable, and the message for each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import asyncpg

from models.errors import Unavailable

ROLLED_BACK = (
    asyncpg.TransactionRollbackError,  # a deadlock, a serialization failure
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
"""Errors after which the transaction has changed nothing and can be retried immediately."""
UNREACHABLE = (
    *ROLLED_BACK,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a pooled connection that was closed a moment ago
    asyncpg.OperatorInterventionError,  # shutting down, starting up, session terminated
    asyncpg.InsufficientResourcesError,  # disk, memory, connections
    asyncpg.PostgresSystemError,  # its disk cannot be read or written
    ConnectionError,
    TimeoutError,
    OSError,
)
"""Errors that asyncpg raises when the database is unavailable, although the request may be valid."""


class NoRoom(ConnectionError):
    """The embedded database is down, and its disk is full."""


class Busy(TimeoutError):
    """No connection of this process's share became free in time."""


def unavailable(error: BaseException) -> Unavailable:
    """Converts an error of UNREACHABLE, which becomes the cause. The message says how to fix the problem."""
    problem = Unavailable(_sentence(error))
    problem.__cause__ = error
    return problem


def _sentence(error: BaseException) -> str:
    for kinds, sentence in _SENTENCES:
        if isinstance(error, kinds):
            return sentence.format(error=error)
    # OSErrors name files of this machine, which callers must not see: only the reason is shown.
    why = error.strerror if isinstance(error, OSError) and error.filename else error
    cause = str(why) or type(error).__name__
    return f"the database cannot be reached now ({cause}); try again"


_Kinds: TypeAlias = type[BaseException] | tuple[type[BaseException], ...]
_SENTENCES: Sequence[tuple[_Kinds, str]] = (
    (Busy, "{error}"),
    (
        (NoRoom, asyncpg.DiskFullError),
        "the disk of the database is full: free some space, then try again ({error}); stored data "
        "is safe, and work continues when there is space",
    ),
    (
        asyncpg.TooManyConnectionsError,
        "the database accepts no more connections ({error}): raise its max_connections, or run "
        "fewer servers and workers",
    ),
    (
        asyncpg.ReadOnlySQLTransactionError,
        "the database is read-only ({error}): nothing can be changed until it is writable; "
        "try again then",
    ),
    (
        asyncpg.LockNotAvailableError,
        "another database session holds a lock that this request needs ({error}); try again",
    ),
    (asyncpg.QueryCanceledError, "the database cancelled this query ({error}); try again"),
)


@contextmanager
def reaching() -> Iterator[None]:
    """Raises Unavailable in place of errors that mean that the database is unavailable."""
    try:
        yield
    except UNREACHABLE as error:
        raise unavailable(error) from error
