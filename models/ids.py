"""Identity: UUIDv7 inside, TypeID (`exec_01k...`) outside."""

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
    "wrk",
    "note",
    "aud",
    "file",
    "sched",
    "filt",
    "use",
    "metr",
    "bulk",
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
    "wrk": "worker",
    "aud": "audit event",
    "sched": "schedule",
    "filt": "saved filter",
    "bulk": "bulk action",
}


def new_id(ahead: int = 0) -> UUID:
    """A UUIDv7: sortable by the time it was made, by this machine's clock and as many milliseconds on."""
    return UUID(int=uuid_utils.uuid7().int + (ahead << _RANDOM_BITS))


def id_of(moment: datetime) -> UUID:
    """A UUIDv7 of another time than now: it stands among those made then, to the quarter of a microsecond. Each call
    makes another one."""
    milliseconds, rest = divmod((moment - _EPOCH) // timedelta(microseconds=1), 1000)
    fraction = rest * 4096 // 1000
    random = secrets.randbits(62)
    return UUID(int=milliseconds << _RANDOM_BITS | 7 << 76 | fraction << 64 | 2 << 62 | random)


def typed(prefix: Prefix, value: UUID) -> str:
    """The TypeID of a UUID, as clients see it."""
    return str(TypeID.from_uuid(value, prefix=prefix))  # type: ignore[arg-type]


def untyped(prefix: Prefix, text: str) -> UUID:
    """The UUID behind a TypeID; raises Refused NOT_FOUND for another kind or no TypeID at all."""
    try:
        parsed = TypeID.from_string(text)
    except TypeIDException:
        parsed = None
    if parsed is None or parsed.prefix != prefix:
        raise Refused.not_found(f"no {_NOUNS.get(prefix, prefix)} {text:.80}")
    return UUID(int=parsed.uuid.int)
