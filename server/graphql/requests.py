"""The parameters of a GraphQL request over HTTP."""

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
"""How it stands in a document; PostgreSQL takes it in no text."""
NO_NUL: Final = "text must not hold the character NUL (U+0000); leave it out"
SMALL: Final = 16 * 1024
"""Bytes of a request that may be read on the event loop, and of variables that may be."""
MOST_VALUES: Final = 600_000
"""JSON values of one request: as many as the largest payload can hold, and some more."""
_VALUES: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[,\[{]', re.DOTALL)
"""Strings, and what stands before a value or its name."""
_QUOTE: Final = ord('"')
_PARAMETERS = ("query", "documentId", "operationName", "variables", "extensions")


class Rejected(Exception):
    """A request that is not executed. `errors` are GraphQL errors in their written form.

    `malformed` tells a body that is no GraphQL request at all (always 400) from a well-formed
    request that fails (200 to those who only accept application/json). `retry_after` in seconds.
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
        """The same with its own status, for those who take 200 for the beginning of something else."""
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
    """`is_large` says that its variables may hold much."""

    query: str | None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)
    is_large: bool = False
    document_id: str | None = None

    @classmethod
    def of(cls, value: object, size: int = 0) -> Self:
        """Raises Rejected for anything that is not a JSON object with parameters of the right types. `size` is what it
        had as text."""
        if isinstance(value, list):
            raise malformed("batching is not supported: send one operation a request")
        if not isinstance(value, dict):
            raise malformed("a GraphQL request is a JSON object")
        query = _of_type(value, "query", str)
        variables: dict[str, Any] = _of_type(value, "variables", dict) or {}
        extensions: dict[str, Any] = _of_type(value, "extensions", dict) or {}
        document_id = _of_type(value, "documentId", str)
        if document_id is None and query is None and "persistedQuery" not in extensions:
            raise malformed("parameter query is missing")
        if document_id is not None and (query is not None or "persistedQuery" in extensions):
            raise malformed("parameter documentId stands for a document: send no other beside it")
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
        """The same from a URL's query, where variables and extensions are JSON in text."""
        value: dict[str, Any] = {
            name: parameters[name] for name in _PARAMETERS if name in parameters
        }
        for name in ("variables", "extensions"):
            if name in value:
                value[name] = decoded(value[name], f"parameter {name}") if value[name] else None
        return cls.of(value, sum(map(len, parameters.values())))


@dataclass(frozen=True, slots=True)
class Unread:
    """A request as it came, of so many bytes. `read` raises Rejected."""

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
    """JSON; raises Rejected for anything else: bad UTF-8, bad syntax, nested too deeply, a number that would change."""
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
    """Raises Rejected before the values are made: a byte of text may become ten of memory and more."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") <= MOST_VALUES:
        return
    values = 0
    for found in _VALUES.finditer(body):
        values += found[0][0] != _QUOTE
        if values > MOST_VALUES:
            raise Rejected.because(
                "PAYLOAD_TOO_LARGE",
                f"a request may hold at most {MOST_VALUES} values, and this one holds more; send several requests, "
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
