"""Parses the parameters of a GraphQL request."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from json import JSONDecodeError
from typing import Any, Final, Self, TypeVar

from models.json_text import NotKept, holds_nul, read_json
from server.http.rates import TooMany

Value = TypeVar("Value")
_NUL = ("\0", "\\u0000", "\\u{0}")
"""Its forms in a document; PostgreSQL accepts it in no text."""
NO_NUL: Final = "text must not hold the character NUL (U+0000); leave it out"
SMALL: Final = 16 * 1024
"""Maximum bytes of a request, and of variables, that are read on the event loop."""
MOST_VALUES: Final = 600_000
"""Maximum JSON values of one request: somewhat more than the largest payload can hold."""
_VALUES: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[,\[{]', re.DOTALL)
"""Matches strings, and what precedes a value or its name."""
_QUOTE: Final = ord('"')
_PARAMETERS = ("query", "documentId", "operationName", "variables", "extensions")


class Rejected(Exception):
    """A request that is not executed. `errors` are serialised GraphQL errors.

    `malformed` is true for a body that is not a GraphQL request (always 400), and false for a well-formed request that
    fails (200 for clients that only accept application/json). `retry_after` is in seconds.
    """

    def __init__(
        self,
        errors: list[dict[str, Any]],
        *,
        malformed: bool = False,
        status: int = 400,
        retry_after: int | None = None,
    ) -> None:
        super().__init__("; ".join(str(error["message"]) for error in errors))
        self.errors = errors
        self.malformed = malformed
        self.status = status
        self.retry_after = retry_after

    def strict(self) -> Self:
        """Returns the refusal with its own status, for clients that take 200 for the start of a stream."""
        return type(self)(
            self.errors, malformed=True, status=self.status, retry_after=self.retry_after
        )

    @classmethod
    def too_many(cls, refusal: TooMany) -> Self:
        error = {"message": str(refusal), "extensions": refusal.extensions}
        return cls([error], status=429, retry_after=refusal.retry_after)

    @classmethod
    def because(
        cls,
        code: str,
        message: str,
        *,
        malformed: bool = False,
        status: int = 400,
        retry_after: int | None = None,
    ) -> Self:
        error = {"message": message, "extensions": {"code": code}}
        return cls([error], malformed=malformed, status=status, retry_after=retry_after)


def malformed(message: str) -> Rejected:
    return Rejected.because("BAD_REQUEST", message, malformed=True)


@dataclass(frozen=True, slots=True)
class Request:
    """`is_large` means that its variables may hold much data."""

    query: str | None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    is_large: bool = False
    document_id: str | None = None

    @classmethod
    def of(cls, value: object, size: int = 0) -> Self:
        """Raises Rejected for anything that is not a JSON object with parameters of the right types. `size` is that
        of its text."""
        if isinstance(value, list):
            raise malformed("batching is not supported: send one operation in a request")
        if not isinstance(value, dict):
            raise malformed("a GraphQL request must be a JSON object")
        query = _of_type(value, "query", str)
        variables: dict[str, Any] = _of_type(value, "variables", dict) or {}
        extensions: dict[str, Any] = _of_type(value, "extensions", dict) or {}
        document_id = _of_type(value, "documentId", str)
        if document_id is None and query is None and "persistedQuery" not in extensions:
            raise malformed("parameter query is missing")
        if document_id is not None and (query is not None or "persistedQuery" in extensions):
            raise malformed("parameter documentId replaces the document: send only one of them")
        if any(written in (query or "") for written in _NUL):
            raise malformed(NO_NUL)
        name = _of_type(value, "operationName", str)
        is_large = size - len(query or "") > SMALL
        return cls(query, name, variables, extensions, is_large, document_id)

    @classmethod
    def of_body(cls, body: bytes) -> Self:
        _check_values(body)
        return cls.of(decoded(body, "the body"), len(body))

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, str]) -> Self:
        """Parses a URL's query, where variables and extensions are JSON texts."""
        value: dict[str, Any] = {
            name: parameters[name] for name in _PARAMETERS if name in parameters
        }
        for name in ("variables", "extensions"):
            if name in value:
                value[name] = decoded(value[name], f"parameter {name}") if value[name] else None
        return cls.of(value, sum(map(len, parameters.values())))


@dataclass(frozen=True, slots=True)
class Unread:
    """A received request, and its size in bytes. `read` raises Rejected."""

    size: int
    read: Callable[[], Request]

    @classmethod
    def body(cls, body: bytes) -> Self:
        return cls(len(body), partial(Request.of_body, body))

    @classmethod
    def parameters(cls, parameters: Mapping[str, str]) -> Self:
        size = sum(map(len, parameters.values()))
        return cls(size, partial(Request.of_parameters, parameters))


def decoded(text: str | bytes, what: str) -> Any:
    """Parses JSON. Raises Rejected for bad UTF-8, bad syntax, too deep nesting and numbers that would change."""
    try:
        value = read_json(text)
    except NotKept as error:
        raise malformed(str(error)) from None
    except JSONDecodeError as error:
        raise malformed(f"{what} is not valid JSON: {error.msg}") from None
    if holds_nul(value, text):
        raise malformed(NO_NUL)
    return value


def _check_values(body: bytes) -> None:
    """Raises Rejected before the values are created: a byte of text may need ten bytes of memory and more."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") <= MOST_VALUES:
        return
    values = 0
    for found in _VALUES.finditer(body):
        values += found[0][0] != _QUOTE
        if values > MOST_VALUES:
            raise Rejected.because(
                "PAYLOAD_TOO_LARGE",
                f"a request may have at most {MOST_VALUES} values, and this one has more; send several requests, "
                "each with a part of its list",
                malformed=True,
                status=413,
            )


def _of_type(value: Mapping[str, Any], name: str, kind: type[Value]) -> Value | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, kind):
        word = "string" if kind is str else "object"
        raise malformed(f"parameter {name} must be a JSON {word}")
    return found
