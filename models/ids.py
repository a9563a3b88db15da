"""Identity: UUIDv7 inside, TypeID (`exec_01k...`) outside."""

from typing import Literal
from uuid import UUID

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException

from models.errors import Refused

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


def new_id() -> UUID:
    """A UUIDv7: sortable by the time it was made."""
    return UUID(int=uuid_utils.uuid7().int)


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
        raise Refused.not_found(f"no {prefix} with id {text!r}")
    return UUID(int=parsed.uuid.int)
