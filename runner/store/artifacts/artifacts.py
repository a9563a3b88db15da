"""Stores artifacts and their uses. (namespace, name, version) identifies an artifact, whichever execution reports
it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.ids import new_id
from runner.store.execution.nodes import COUNTS
from runner.store.json import dump
from runner.store.postgres.connection import Connection
from runner.store.references import record as record_references
from runner.store.references import references_in

_SHORT_DIGEST = 12

# Versions are numbered under this lock; taken in the order of names, so that two transactions never deadlock.
_TAKE_TURNS = "select pg_advisory_xact_lock(hashtextextended('artifact ' || $1, 0))"
_USED_BEFORE = """
select a.version from artifact_uses u join artifacts a on a.id = u.artifact_id
where u.execution_id = $1 and u.direction = $2 and u.uri = $3 and u.path is not distinct from $4
  and a.namespace = $5 and a.name = $6
order by u.id desc limit 1
"""
_NEWEST = f"""
select version from artifacts a where namespace = $1 and name = $2
  and exists (select from artifact_uses u where u.artifact_id = a.id and {COUNTS})
order by uri = $3 desc, id desc limit 1
"""
_NEXT_NUMBER = """
select coalesce(max(version::int), 0) + 1 from artifacts
where namespace = $1 and name = $2 and version ~ '^[0-9]{1,9}$'
"""
_KEEP = """
insert into artifacts as a (id, namespace, name, version, type, uri, digest, size, properties, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (namespace, name, version) do update
set digest = coalesce(a.digest, excluded.digest), size = coalesce(a.size, excluded.size),
    properties = a.properties || excluded.properties
returning a.id, a.digest
"""
_USE = """
insert into artifact_uses as u (id, artifact_id, execution_id, task_run_id, path, attempt, direction, uri,
                                digest, size, properties, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (execution_id, artifact_id, direction, coalesce(path, ''), coalesce(attempt, 0)) do update
set uri = excluded.uri, digest = coalesce(excluded.digest, u.digest), size = coalesce(excluded.size, u.size),
    properties = u.properties || excluded.properties
"""


@dataclass(frozen=True, slots=True)
class UsedArtifact:
    """One use, IN or OUT. Without a `version` it gets the first of these: the beginning of the digest; the version that
    this execution reported before for the same uri; for IN, the newest version; the next number.

    `strict` refuses a version that exists with another digest.
    """

    execution_id: UUID
    task_run_id: UUID | None
    path: str | None
    attempt: int | None
    namespace: str
    name: str
    type: str
    version: str | None
    uri: str
    digest: str | None
    size: int | None
    direction: str
    properties: Mapping[str, Any]
    at: datetime
    strict: bool = False


class _Stored(TypedDict):
    id: UUID
    digest: str | None


async def record_uses(connection: Connection, uses: Sequence[UsedArtifact]) -> None:
    """Stores uses in the caller's transaction. Raises Refused for a `strict` version with another digest."""
    for place in sorted({f"{use.namespace}/{use.name}" for use in uses}):
        await connection.execute(_TAKE_TURNS, place)
    for position, use in enumerate(uses):
        await _record(connection, use, position)
    found = (one for use in uses for one in references_in(use.execution_id, [use.uri]))
    await record_references(connection, found)


async def _record(connection: Connection, use: UsedArtifact, position: int) -> None:
    version = use.version or await _version(connection, use)
    properties = dump(use.properties)
    kept: _Stored | None = await connection.fetchrow(
        _KEEP,
        *(new_id(), use.namespace, use.name, version, use.type, use.uri),
        *(use.digest, use.size, properties, use.at),
    )
    assert kept
    if use.strict and use.digest and kept["digest"] != use.digest:
        raise Refused.because(
            ProblemCode.VALIDATION,
            f"{use.name} {version} already exists with the digest {kept['digest']}, not {use.digest}; "
            "use another version, or omit it",
            *("artifacts", str(position), "version"),
        )
    await connection.execute(
        _USE,
        *(new_id(), kept["id"], use.execution_id, use.task_run_id, use.path, use.attempt),
        *(use.direction, use.uri, use.digest, use.size, properties, use.at),
    )


async def _version(connection: Connection, use: UsedArtifact) -> str:
    if use.digest:
        return use.digest.rpartition(":")[2][:_SHORT_DIGEST]
    before = await connection.fetchval(
        _USED_BEFORE, *(use.execution_id, use.direction, use.uri, use.path, use.namespace, use.name)
    )
    if before is None and use.direction == "IN":
        before = await connection.fetchval(_NEWEST, use.namespace, use.name, use.uri)
    if before is None:
        before = await connection.fetchval(_NEXT_NUMBER, use.namespace, use.name)
    return str(before)
