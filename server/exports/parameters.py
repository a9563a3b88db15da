"""Reads the query parameters of exports. Raises Refused for invalid ones."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from models.errors import ProblemCode, Refused
from models.json_text import read_json
from models.logs import LogLevel, LogStream, cannot_be_searched
from schema.lists.arguments import ListArguments, wanted_executions
from schema.lists.columns import Column, columns_of
from server.exports.logs import LogOrder, LogText

Choice = TypeVar("Choice", bound=Enum)


def table_parameters(
    given: QueryParams, usual: Sequence[str]
) -> tuple[ListArguments, list[Column]]:
    """`usual` are the default columns."""
    check_names(given, "where", "search", "orderBy", "orderByValue", "columns")
    wanted = wanted_executions(
        _variable(given, "where"),
        given.get("search"),
        given.get("orderBy") or None,
        _variable(given, "orderByValue"),
    )
    return wanted, columns_of(given.getlist("columns"), usual)


def _variable(given: QueryParams, name: str) -> Any:
    try:
        return read_json(given[name]) if given.get(name) else None
    except ValueError as error:
        sentence = f"{name} is not JSON: {error}; write it as the variable of a GraphQL query"
        raise _refused(sentence, name) from error


def record_parameters(given: QueryParams) -> bool:
    """Returns whether to include the log."""
    check_names(given, "logs")
    return _flag(given, "logs")


def log_parameters(given: QueryParams) -> LogText:
    check_names(given, "order", "task", "attempt", "level", "ansi", "stream", "text")
    return LogText(
        _choice(LogOrder, {one.value: one for one in LogOrder}, given, "order") or LogOrder.TIME,
        given.get("task") or None,
        _number(given, "attempt"),
        _choice(LogLevel, {one.name: one for one in LogLevel}, given, "level"),
        _flag(given, "ansi"),
        _choice(LogStream, {one.name: one for one in LogStream}, given, "stream"),
        _text(given),
    )


def id_parameters(given: QueryParams, fewest: int, most: int) -> list[str]:
    check_names(given, "ids")
    ids = [id for part in given.getlist("ids") for id in part.split(",") if id]
    if not fewest <= len(ids) <= most or len(set(ids)) < len(ids):
        raise _refused(
            f"ids must be {fewest} to {most} different executions, separated by commas", "ids"
        )
    return ids


def check_names(given: QueryParams, *known: str) -> None:
    """Refuses unknown parameters: a misspelt one would silently have no effect."""
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        shown = ", ".join(known) or "none"
        raise _refused(f"there is no parameter {unknown[:100]!r}; there are {shown}")


def _flag(given: QueryParams, name: str) -> bool:
    text = given.get(name, "false").lower()
    if text not in ("true", "false"):
        raise _refused(f"{name} must be true or false; got {text[:100]!r}", name)
    return text == "true"


def _text(given: QueryParams) -> str | None:
    text = given.get("text")
    if text is not None and (problem := cannot_be_searched(text)):
        raise _refused(problem, "text")
    return text


def _number(given: QueryParams, name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise _refused(f"{name} must be a whole number from 1; got {text[:100]!r}", name)
    return int(text)


def _choice(
    kind: type[Choice], known: dict[str, Choice], given: QueryParams, name: str
) -> Choice | None:
    text = given.get(name)
    if text is None:
        return None
    found = known.get(text) or known.get(text.upper())
    if found is None:
        raise _refused(f"{name} must be one of {', '.join(known)}; got {text[:100]!r}", name)
    return found


def _refused(sentence: str, *path: Any) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, *path)
