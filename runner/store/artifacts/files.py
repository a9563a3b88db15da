"""Uploaded files for inputs. Files to which nothing refers are pruned, which frees their quotas."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict
from uuid import UUID

from models.access.viewer import Scope
from models.errors import Refused
from models.ids import typed, untyped
from runner.service.outage import reaching
from runner.store.postgres.connection import Connection, Executes, Pool
from runner.store.rows import FileRow

# A file may be used by executions of the namespaces that its scope covers, so who sees such an execution may read it.
_INPUT: Final = """
select f.*, e.namespace from executions e join files f on f.uri = e.inputs ->> $2 where e.id = $1
"""
_SHOWN: Final = re.compile(r"headway:///files/([^/]+)/[^/]+")
_STORE: Final = """
insert into files (id, name, uri, digest, size, namespaces, uploaded_by) values ($1, $2, $3, $4, $5, $6, $7)
"""
# A file that was not used recently might be pruned at this moment.
_FIND: Final = """
select id, uri, namespaces, used_at < now() - interval '5 minutes' as stale from files
where (id = any($1) or uri = any($2)) and pruned_at is null
"""
# Few schedules, flows and deferred commands mention a file at all.
_MENTIONED: Final = """
with mentioned as materialized (
  select text from (
    select inputs::text as text from schedules
    union all select r.source from revisions r join flows f on f.id = r.flow_id where f.deleted_at is null
    union all select command::text from deferred_commands
    union all select instruction::text from bulk_sets where ended_at is null) t
  where strpos(text, 'file_') > 0)
"""
_UNUSED: Final = """
select id from files
where pruned_at is null and used_at < now() - make_interval(secs => $1) and starts_with(uri, $2) and id > $3
order by id limit $4
"""
_UNREFERENCED: Final = """
select id from unnest($1::uuid[], $2::text[]) u (id, name)
where not exists (select from file_references r where r.owner = u.name)
"""
# A concurrent use either has the row locked already, then the row is checked again and the file is kept; or it waits
# for this statement, and finds the file pruned.
_PRUNE: Final = f"""
{_MENTIONED}
update files f set pruned_at = now() from unnest($1::uuid[], $2::text[]) u (id, name)
where f.id = u.id and f.pruned_at is null and f.used_at < now() - make_interval(secs => $3)
  and not exists (select from file_references r where r.owner = u.name)
  and not exists (select from mentioned where strpos(mentioned.text, u.name) > 0)
returning f.id, f.size, f.namespaces, f.uploaded_by
"""
_PRUNED: Final = (
    "select id from files where pruned_at is not null and starts_with(uri, $1) order by id limit $2"
)
_FORGET: Final = "delete from files where id = any($1) and pruned_at is not null"
_USE: Final = (
    "update files set used_at = now() where id = any($1) and pruned_at is null returning id"
)


class _FoundFile(TypedDict):
    id: UUID
    uri: str
    namespaces: list[str] | None
    stale: bool


class _InputFile(FileRow):
    namespace: str


class _PrunedRow(TypedDict):
    id: UUID
    size: int
    namespaces: list[str] | None
    uploaded_by: str


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


async def store(connection: Executes, file: UploadedFile) -> None:
    namespaces = file.scope.namespaces
    await connection.execute(
        _STORE,
        file.id,
        file.name,
        file.uri,
        file.digest,
        file.size,
        None if namespaces is None else list(namespaces),
        file.uploaded_by,
    )


async def find_uris(pool: Pool, namespace: str, named: Sequence[str]) -> dict[str, str]:
    """The URIs of the files, by the id or URI that was passed; files that the namespace may not use are left out.

    The files are kept for at least an hour, even if nothing refers to them.
    """
    keys = {name: key for name in named if (key := _key(name))}
    with reaching():
        rows: list[_FoundFile] = await pool.fetch(_FIND, list(keys.values()), list(named))
        allowed = [row for row in rows if _scope(row["namespaces"]).covers(namespace)]
        if stale := {row["id"] for row in allowed if row["stale"]}:
            kept = {row["id"] for row in await pool.fetch(_USE, list(stale))}
            allowed = [row for row in allowed if row["id"] not in stale - kept]
    uris = {row["uri"]: row["uri"] for row in allowed}
    ids: dict[UUID | None, str] = {row["id"]: row["uri"] for row in allowed}
    return {
        name: uri
        for name in named
        if (uri := uris.get(name) or ids.get(keys.get(name))) is not None
    }


async def find_input(
    pool: Pool, scope: Scope, execution_id: UUID, name: str
) -> UploadedFile | None:
    """The uploaded file of an execution's input, if the scope and the file's scope cover the execution's namespace."""
    with reaching():
        row: _InputFile | None = await pool.fetchrow(_INPUT, execution_id, name)
    if row is None or not scope.covers(row["namespace"]):
        return None
    of = _scope(row["namespaces"])
    return _uploaded(row, of) if of.covers(row["namespace"]) else None


@dataclass(frozen=True, slots=True)
class PrunedFile:
    id: UUID
    size: int
    scope: Scope
    uploaded_by: str


async def unused(
    connection: Connection, kept: float, root: str, after: UUID, most: int
) -> list[UUID]:
    """Ids of files below `root` that were not used for `kept` seconds, in their order."""
    return [row["id"] for row in await connection.fetch(_UNUSED, kept, root, after, most)]


async def prune(connection: Connection, ids: Sequence[UUID], kept: float) -> list[PrunedFile]:
    """Prunes those of the files to which nothing refers. After this transaction nothing can refer to them."""
    found = await connection.fetch(_UNREFERENCED, list(ids), list(map(file_id, ids)))
    if not (ids := [row["id"] for row in found]):
        return []
    rows: list[_PrunedRow] = await connection.fetch(_PRUNE, ids, list(map(file_id, ids)), kept)
    return [
        PrunedFile(row["id"], row["size"], _scope(row["namespaces"]), row["uploaded_by"])
        for row in rows
    ]


async def pruned(connection: Connection, root: str, most: int) -> list[UUID]:
    """Pruned files whose content has not been deleted yet."""
    return [row["id"] for row in await connection.fetch(_PRUNED, root, most)]


async def forget(connection: Connection, ids: Sequence[UUID]) -> None:
    await connection.execute(_FORGET, list(ids))


def _uploaded(row: _InputFile, scope: Scope) -> UploadedFile:
    return UploadedFile(
        id=row["id"],
        name=row["name"],
        uri=row["uri"],
        digest=row["digest"],
        size=row["size"],
        scope=scope,
        uploaded_by=row["uploaded_by"],
    )


def file_id(key: UUID) -> str:
    return typed("file", key)


def _key(name: str) -> UUID | None:
    """The key of an id, or of a URI as the API returns it; None for other text."""
    shown = _SHOWN.fullmatch(name)
    try:
        return untyped("file", shown[1] if shown else name)
    except Refused:
        return None


def _scope(namespaces: Sequence[str] | None) -> Scope:
    return Scope(None if namespaces is None else tuple(namespaces))
