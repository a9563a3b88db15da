"""Ids: UUIDv7 internally, TypeIDs (`exec_01k...`) in the API."""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException

from models.errors import Refused

_RANDOM_BITS = 80
_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS = 26
_LAST = 2**128 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
"""A canonical number within PostgreSQL's integer range."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Prefix = Literal[
    "exec",
    "flow",
    "rev",
    "run",
    "att",
    "appr",
    "vote",
    "art",
    "evt",
    "tok",
    "prin",
    "grant",
    "wrk",
    "note",
    "aud",
    "file",
    "sched",
    "filt",
    "use",
    "metr",
    "bulk",
    "bres",
    "line",
]


_NOUNS: Mapping[Prefix, str] = {
    "exec": "execution",
    "rev": "revision",
    "run": "task run",
    "att": "attempt",
    "appr": "approval request",
    "art": "artifact",
    "evt": "event",
    "tok": "token",
    "prin": "person or service",
    "grant": "grant",
    "wrk": "worker",
    "aud": "audit event",
    "sched": "schedule",
    "filt": "saved filter",
    "bulk": "bulk action",
    "bres": "result of a bulk action",
    "line": "log line",
}


def new_id(ahead: int = 0) -> UUID:
    """Returns a UUIDv7, which sorts by its time: this machine's clock plus `ahead` milliseconds."""
    return UUID(int=uuid_utils.uuid7().int + (ahead << _RANDOM_BITS))


def id_of(moment: datetime) -> UUID:
    """Returns a UUIDv7 of the given time: it sorts among ids made then, to a quarter of a microsecond. Each call
    returns a new one."""
    milliseconds, rest = divmod((moment - _EPOCH) // timedelta(microseconds=1), 1000)
    fraction = rest * 4096 // 1000
    random = secrets.randbits(62)
    return UUID(int=milliseconds << _RANDOM_BITS | 7 << 76 | fraction << 64 | 2 << 62 | random)


def span_of(prefix: Prefix, start: str) -> tuple[UUID, UUID] | None:
    """Returns the first and the last UUID whose TypeIDs start with `start`, with or without the prefix. None if no
    TypeID can start so."""
    digits = start.lower().removeprefix(f"{prefix}_")
    if len(digits) > _DIGITS or not set(digits) <= set(_BASE32):
        return None
    first, last = (_number_of(digits.ljust(_DIGITS, rest)) for rest in (_BASE32[0], _BASE32[-1]))
    return (UUID(int=first), UUID(int=min(last, _LAST))) if first <= _LAST else None


def _number_of(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number << 5 | _BASE32.index(digit)
    return number


def typed(prefix: Prefix, value: UUID) -> str:
    """Returns the TypeID of a UUID, as clients see it."""
    return str(TypeID.from_uuid(value, prefix=prefix))  # type: ignore[arg-type]


def untyped(prefix: Prefix, text: str) -> UUID:
    """Returns the UUID of a TypeID. Raises Refused NOT_FOUND for another prefix or an invalid TypeID."""
    try:
        parsed = TypeID.from_string(text)
    except TypeIDException:
        parsed = None
    if parsed is None or parsed.prefix != prefix:
        raise Refused.not_found(f"no {_NOUNS.get(prefix, prefix)} {text:.80}")
    return UUID(int=parsed.uuid.int)


def part_of(prefix: Prefix, whole: UUID, number: int) -> str:
    """Returns the id of a numbered part of an object, which has no UUID of its own: `line_01k..._42`."""
    return f"{typed(prefix, whole)}_{number}"


def untyped_part(prefix: Prefix, text: str) -> tuple[UUID, int]:
    """Returns the UUID of the object and the number of the part. Raises Refused NOT_FOUND for an invalid id."""
    whole, _, number = text.rpartition("_")
    if not _NUMBER.fullmatch(number):
        raise Refused.not_found(f"no {_NOUNS.get(prefix, prefix)} {text:.80}")
    return untyped(prefix, whole), int(number)
