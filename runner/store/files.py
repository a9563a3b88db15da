"""Files that were uploaded to be inputs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final
from uuid import UUID

from models.errors import Refused
from models.ids import typed, untyped
from models.viewer import Scope
from runner.store.connection import Pool, reaching

# Whoever may start executions there may use it, so whoever sees one that does may read it.
_INPUT: Final = """
select f.*, e.namespace from executions e join files f on f.uri = e.inputs ->> $2 where e.id = $1
"""
_SHOWN: Final = re.compile(r"headway:///files/([^/]+)/[^/]+")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """`scope` is the uploader's: executions of flows that it covers may use the file."""

    id: UUID
    name: str
    uri: str
    digest: str
    size: int
    scope: Scope
    uploaded_by: str


async def store(pool: Pool, file: UploadedFile) -> None:
    namespaces = file.scope.namespaces
    with reaching():
        await pool.execute(
            """insert into files (id, name, uri, digest, size, namespaces, uploaded_by)
               values ($1, $2, $3, $4, $5, $6, $7)""",
            file.id,
            file.name,
            file.uri,
            file.digest,
            file.size,
            None if namespaces is None else list(namespaces),
            file.uploaded_by,
        )


async def find_uris(pool: Pool, namespace: str, named: Sequence[str]) -> dict[str, str]:
    """Where the files are kept, by the id or URI that they are named with; others are left out."""
    keys = {name: key for name in named if (key := _key(name))}
    with reaching():
        rows = await pool.fetch(
            "select id, uri, namespaces from files where id = any($1) or uri = any($2)",
            list(keys.values()),
            list(named),
        )
    allowed = [row for row in rows if _scope(row["namespaces"]).covers(namespace)]
    uris = {row["uri"]: row["uri"] for row in allowed}
    ids = {row["id"]: row["uri"] for row in allowed}
    return {
        name: uri
        for name in named
        if (uri := uris.get(name) or ids.get(keys.get(name))) is not None
    }


async def find_input(
    pool: Pool, scope: Scope, execution_id: UUID, name: str
) -> UploadedFile | None:
    """The file that an input of an execution is, where both may be seen in this scope."""
    with reaching():
        row = await pool.fetchrow(_INPUT, execution_id, name)
    if row is None or not scope.covers(row["namespace"]):
        return None
    of = _scope(row["namespaces"])
    return UploadedFile(**_facts(row), scope=of) if of.covers(row["namespace"]) else None


def _facts(row: Any) -> dict[str, Any]:
    names = (field.name for field in fields(UploadedFile) if field.name != "scope")
    return {name: row[name] for name in names}


def file_id(key: UUID) -> str:
    return typed("file", key)


def _key(name: str) -> UUID | None:
    """Of an id, or of a URI that an answer gave."""
    shown = _SHOWN.fullmatch(name)
    try:
        return untyped("file", shown[1] if shown else name)
    except Refused:
        return None


def _scope(namespaces: Sequence[str] | None) -> Scope:
    return Scope(None if namespaces is None else tuple(namespaces))
