"""The process that runs a `sql` task. It is started by its path, and imports few modules of Headway.

`sql_program.py REQUEST FAILURE` reads the request from the first file and writes an error to the second. The rows of
the last statement go to a file in the working directory; the counts are reported as outputs, like those of any task.
SIGTERM cancels a statement of PostgreSQL; one of DuckDB ends with the process.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from models.access.hosts import DATABASE, HostRules
from runner.isolation.host_guard import GuardedLoop, HostRefused
from runner.sql_task.failure import Failure, Refused, which
from runner.sql_task.on_duckdb import run_duckdb
from runner.sql_task.rows import RowFile

_AT_ONCE = 1000
_CONNECT_WITHIN = 10.0
_CLOSE_WITHIN = 2.0
_MAX_OUTPUTS = 1024 * 1024 - 1024  # bytes; the limit of all outputs, less some for the artifact


# -- PostgreSQL -------------------------------------------------------------------------------------------------------

_AS_TEXT = (
    *("text", "varchar", "bpchar", "name", "uuid", "date", "time", "timetz", "timestamp"),
    *("timestamptz", "interval", "inet", "cidr", "bytea"),
)


async def run_postgres(request: dict[str, Any]) -> tuple[list[int], RowFile | None]:
    import asyncpg

    try:
        connection = await asyncpg.connect(request["url"], timeout=_CONNECT_WITHIN)
    except HostRefused as refused:
        raise Refused(str(refused)) from refused
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
        raise Failure(f"could not connect: {e or type(e).__name__}") from e
    try:
        await _refuse_own_database(connection, request)
        await _prepare_connection(connection)
        return await _in_order(connection, request)
    except (OSError, asyncpg.PostgresError) as error:  # at the commit, or the connection broke
        raise Failure(_sentence(error)) from error
    finally:
        await _close(connection)


_BY_ITSELF = "set local search_path = pg_catalog, pg_temp; set local statement_timeout = 0"


async def _read_alone(connection: Any, statement: str) -> Any:
    """Runs a statement of Headway's, unaffected by session settings in the URL."""
    import asyncpg

    try:
        async with connection.transaction():
            await connection.execute(_BY_ITSELF)
            return await connection.fetchval(statement)
    except asyncpg.ProtocolViolationError:  # a pooler without transactions
        return await connection.fetchval(statement)


async def _refuse_own_database(connection: Any, request: dict[str, Any]) -> None:
    """Recognises the database however it is reached (a pooler, a tunnel, a standby) and whatever the URL sets."""
    import asyncpg

    if DATABASE not in HostRules.load(request["hosts"]).denied or not request["own"]:
        return
    try:
        found = await _read_alone(connection, request["identity"])
    except (asyncpg.SyntaxOrAccessError, asyncpg.FeatureNotSupportedError):  # not PostgreSQL
        return
    if found == request["own"]:
        raise Refused(
            f"this is Headway's own database, which the rule {DATABASE} of task_denied_hosts refuses; "
            "to allow it, an operator must remove the rule from that setting"
        )


async def _close(connection: Any) -> None:
    """After a cancellation this waits until the cancel request has been sent to the server."""
    import asyncpg

    try:
        await connection.close(timeout=_CLOSE_WITHIN)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()


async def _prepare_connection(connection: Any) -> None:
    """Sends values as text, which the database converts to the type of the parameter: inputs are text and numbers."""
    import asyncpg

    as_is = _text, _identity
    codecs: dict[str, tuple[Callable[[Any], str], Callable[[str], Any]]]
    codecs = {name: as_is for name in _AS_TEXT}
    codecs |= {name: (_text, int) for name in ("int2", "int4", "int8")}
    codecs |= {name: (_text, float) for name in ("float4", "float8")}
    codecs |= {"numeric": (_text, Decimal), "bool": (_text, lambda text: text == "t")}
    codecs |= {name: (json.dumps, json.loads) for name in ("json", "jsonb")}
    for name, (encode, decode) in codecs.items():
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=encode, decoder=decode, format="text"
        )
    try:  # noqa: SIM105 - servers before 14 do not have this setting
        # So that the statement ends as well if this process is killed.
        await connection.execute("set client_connection_check_interval = '1s'")
    except asyncpg.PostgresError:
        pass


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _identity(text: str) -> str:
    return text


async def _in_order(connection: Any, request: dict[str, Any]) -> tuple[list[int], RowFile | None]:
    statements = request["statements"]
    if len(statements) == 1:  # without a transaction, for statements such as VACUUM
        with _as_failure(1, 1, statements[0]):
            count, rows = await _one(connection, request, statements[0], last=True)
        return [count], rows
    counts: list[int] = []
    rows = None
    async with connection.transaction():
        for number, statement in enumerate(statements, 1):
            with _as_failure(number, len(statements), statement):
                last = number == len(statements)
                count, rows = await _one(connection, request, statement, last)
            counts.append(count)
    return counts, rows


async def _one(
    connection: Any, request: dict[str, Any], statement: str, last: bool
) -> tuple[int, RowFile | None]:
    prepared = await connection.prepare(statement)
    params = request["params"][: len(prepared.get_parameters())]
    columns = [attribute.name for attribute in prepared.get_attributes()]
    if not (columns and last):
        found = await prepared.fetch(*params)
        return len(found) if columns else _affected(prepared.get_statusmsg()), None
    rows = RowFile(request["format"], columns)
    try:
        async with connection.transaction():
            cursor = await prepared.cursor(*params)
            while found := await cursor.fetch(_AT_ONCE):
                rows.add(row.values() for row in found)
    finally:
        rows.close()
    return rows.count, rows


def _affected(status: str) -> int:
    """Returns the number of rows from a command tag such as `INSERT 0 5`."""
    last = (status or "").rpartition(" ")[2]
    return int(last) if last.isdigit() else 0


@contextmanager
def _as_failure(number: int, of: int, statement: str) -> Iterator[None]:
    """Turns errors of the database into Failure, with the number of the statement and the position in it."""
    import asyncpg

    try:
        yield
    except asyncpg.PostgresError as error:
        place = _place(statement, error.position)
        sentence = f"{place}{_sentence(error)}{_several(error)}"
        raise Failure(f"{which(number, of)}{sentence}") from error
    except (asyncpg.InterfaceError, ValueError) as error:
        raise Failure(f"{which(number, of)}{error}") from error


def _sentence(error: Exception) -> str:
    """The message of the database, with detail and hint in parentheses and SQLSTATE in brackets."""
    details = (getattr(error, "detail", None), getattr(error, "hint", None))
    more = "".join(f" ({one})" for one in details if one)
    code = getattr(error, "sqlstate", None)
    return f"{error.args[0] if error.args else error}{more}{f' [{code}]' if code else ''}"


def _several(error: Exception) -> str:
    hint = "; write several statements as a list"
    return hint if "multiple commands" in str(error) else ""


def _place(statement: str, position: str | None) -> str:
    if not (position and position.isdigit()):
        return ""
    before = statement[: int(position) - 1]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"line {line}, column {column}: "


# -- the process ------------------------------------------------------------------------------------------------------


def main(request_file: str, failure_file: str) -> int:
    request = json.loads(Path(request_file).read_text())
    try:
        if request["url"].startswith(("postgresql://", "postgres://")):
            rules = HostRules.load(request["hosts"])
            with asyncio.Runner(loop_factory=lambda: GuardedLoop(rules)) as runner:
                counts, rows = runner.run(_run_cancellable(request))
        else:
            counts, rows = run_duckdb(request)
    except Failure as failure:
        Path(failure_file).write_text(f"{failure.code}\n{failure}")
        return 1
    except asyncio.CancelledError:
        return _end_by(signal.SIGTERM)
    _report({"output": _outputs(counts, rows)})
    if rows:
        _report(
            {"artifact": {"path": rows.name, "type": "Dataset", "properties": {"rows": rows.count}}}
        )
    return 0


async def _run_cancellable(request: dict[str, Any]) -> tuple[list[int], RowFile | None]:
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run_postgres(request)


def _outputs(counts: list[int], rows: RowFile | None) -> dict[str, Any]:
    """Leaves out `first` and `value` if they exceed the limit of outputs; all rows are in the file."""
    outputs: dict[str, Any] = {"count": counts[-1], "counts": counts}
    if rows is None:
        return outputs
    outputs["columns"] = rows.columns
    row = [_within_json(value) for value in rows.first or ()]
    optional = {"first": dict(zip(rows.columns, row, strict=True))} if row else {}
    if rows.count == 1 and len(row) == 1:
        optional["value"] = row[0]
    if (size := _size({**outputs, **optional})) <= _MAX_OUTPUTS or not optional:
        return {**outputs, **optional}
    names = " and ".join(f"`{name}`" for name in optional)
    print(f"{names}: too large for an output ({size} bytes); read {rows.name}", file=sys.stderr)
    return outputs


def _within_json(value: Any) -> Any:
    """Converts integers beyond 64 bits to text: outputs cannot hold them."""
    if isinstance(value, dict):
        return {key: _within_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_within_json(item) for item in value]
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**64 else value


def _size(outputs: dict[str, Any]) -> int:
    """Bytes as they are stored."""
    return len(
        json.dumps(outputs, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    )


def _end_by(number: signal.Signals) -> int:
    """Ends this process by the signal, so that its parent sees that."""
    sys.stdout.flush()
    sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def _report(message: dict[str, Any]) -> None:
    with os.fdopen(os.dup(int(os.environ["HEADWAY_FD"])), "w") as pipe:
        pipe.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
