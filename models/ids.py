"""Identity: UUIDv7 inside, TypeID (`exec_01k...`) outside."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException

from models.errors import Refused

_RANDOM_BITS = 80

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
