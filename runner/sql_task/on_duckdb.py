"""Runs statements with DuckDB, restricted to files that tasks may access."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from models.access.hosts import HostRules
from runner.sql_task.failure import NO_NETWORK, Failure, Refused, which
from runner.sql_task.rows import RowFile

_AT_ONCE = 1000
_FETCHING = ("LOAD", "UPDATE_EXTENSIONS")
"""Types of statements that download or load extensions."""


def run_duckdb(request: dict[str, Any]) -> tuple[list[int], RowFile | None]:
    try:
        import duckdb
    except ImportError as error:
        raise Failure(
            "DuckDB is not installed on this worker; install headway[duckdb] there"
        ) from error
    connection = _opened(request)
    counts: list[int] = []
    rows = None
    several = len(request["statements"]) > 1
    with connection:
        if several:
            connection.begin()
        for number, statement in enumerate(request["statements"], 1):
            try:
                last = number == len(request["statements"])
                count, rows = _one_of_duckdb(connection, request, statement, last)
            except duckdb.Error as error:
                statement_name = which(number, len(request["statements"]))
                raise Failure(f"{statement_name}{_duckdb_sentence(error)}") from error
            counts.append(count)
        if several:
            connection.commit()
    return counts, rows


def _opened(request: dict[str, Any]) -> Any:
    import duckdb

    path = request["url"].removeprefix("duckdb://") or ":memory:"
    guarded = HostRules.load(request["hosts"]).exist
    if guarded:
        _refuse_path(path, request)
    try:
        connection = duckdb.connect(path)
        if guarded:
            _confine(connection, request)
    except duckdb.Error as error:
        raise Failure(f"{path} cannot be opened: {_joined(str(error))}") from error
    return connection


def _refuse_path(path: str, request: dict[str, Any]) -> None:
    """Raises Refused for a remote file, and for files in the data directory that tasks may not access."""
    if path == ":memory:":
        return
    if "://" in path or path.startswith("md:"):
        raise Refused(f"{path} is a remote file: {NO_NETWORK}")
    real = os.path.realpath(path)
    if _within(real, request["kept"]) and not any(_within(real, one) for one in request["open"]):
        raise Refused(f"{path} is in Headway's own data directory, which tasks may not open")


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _confine(connection: Any, request: dict[str, Any]) -> None:
    """Allows only local files outside the data directory, and no network: DuckDB cannot enforce host rules."""
    kept = request["kept"]
    opened, closed = [*request["open"]], Path(kept)
    for above in closed.parents:
        with suppress(OSError):
            # DuckDB follows links, and allows everything below their targets.
            real = {str(one): os.path.realpath(one) for one in above.iterdir()}
            opened += [
                one for one, to in real.items() if not _within(kept, to) and not _within(to, kept)
            ]
    connection.execute("set autoinstall_known_extensions = false")
    connection.execute("set autoload_known_extensions = false")
    connection.execute("set allowed_directories = $1", [opened])
    connection.execute("set allowed_paths = $1", [opened])
    connection.execute("set enable_external_access = false")


def _one_of_duckdb(
    connection: Any, request: dict[str, Any], statement: str, last: bool
) -> tuple[int, RowFile | None]:
    import duckdb

    parsed = connection.extract_statements(statement)
    if len(parsed) != 1:
        raise Failure("write several statements as a list")
    guarded = HostRules.load(request["hosts"]).exist
    if guarded and parsed[0].type.name in _FETCHING:
        raise Refused(f"DuckDB extensions cannot be installed or loaded: {NO_NETWORK}")
    used = [int(name) for name in parsed[0].named_parameters if name.isdigit()]
    params = request["params"][: max(used, default=0)]
    result = connection.execute(parsed[0], params)
    changed = parsed[0].expected_result_type
    columns = [column[0] for column in result.description or ()]
    if duckdb.ExpectedResultType.QUERY_RESULT not in changed or (
        duckdb.ExpectedResultType.CHANGED_ROWS in changed and columns == ["Count"]
    ):
        found = result.fetchone()
        counted = found[0] if found and isinstance(found[0], int) else 0
        return counted, None
    if not last:
        return len(result.fetchall()), None
    rows = RowFile(request["format"], columns)
    try:
        while found := result.fetchmany(_AT_ONCE):
            rows.add(found)
    finally:
        rows.close()
    return rows.count, rows


def _duckdb_sentence(error: Exception) -> str:
    """Converts DuckDB's drawing of the position (`LINE 2: ...` and a caret below) to line and column."""
    message, found, drawing = str(error).partition("\nLINE ")
    lines = drawing.split("\n")
    if not found or len(lines) < 2:
        return _joined(str(error))
    number, _, text = lines[0].partition(": ")
    offset = lines[1].find("^") - len(f"LINE {number}: ")
    column = "" if text.startswith("...") else f", column {offset + 1}"
    return f"line {number}{column}: {_joined(message)}"


def _joined(text: str) -> str:
    return " ".join(text.split())
