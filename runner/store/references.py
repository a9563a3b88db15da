"""References of executions to files of other executions and to uploaded files: they decide how long a file is kept.

A reference is recorded when a row that mentions a file is written, so that no read has to search all rows.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypedDict
from uuid import UUID

from models.ids import typed, untyped
from runner.store.json import to_columns
from runner.store.postgres.connection import Connection, Executes

Reference = tuple[str, UUID]
"""The owner of the file (an execution or an upload, its id as in a URI), and the execution that mentions the file."""

_OF_EXECUTION: Final = "/exec_"
_PREFIXES: Final = (_OF_EXECUTION, "/file_")
_FOLDER: Final = re.compile(r"/((?:exec|file)_[0-7][0-9a-hjkmnp-tv-z]{25})/")
_RECORD: Final = """
insert into file_references (owner, execution_id) select * from unnest($1::text[], $2::uuid[])
on conflict do nothing
"""
# All rows that one transaction will touch, in one order, so that two transactions never deadlock.
_LOCK: Final = """
select from file_references where owner = any($1::text[]) or execution_id = any($2::uuid[])
order by owner, execution_id for update
"""
_RELEASE: Final = """
with gone as (delete from file_references where execution_id = any($1::uuid[]) returning owner, due)
select distinct owner from gone where due
"""
_MARK: Final = "update file_references set due = true where owner = any($1::text[])"
_HOLD: Final = f"{_MARK} returning execution_id"
# All texts of the executions that mention the folder; also outputs that they reuse by reference.
_MENTIONS: Final = """
select text from (
  select to_jsonb(e)::text as text from executions e where e.id = any($2::uuid[])
  union all select to_jsonb(t)::text from task_runs t where t.execution_id = any($2::uuid[])
  union all select coalesce(k.outputs, s.outputs)::text from task_runs t
    left join kept_outputs k on k.task_run_id = t.outputs_from left join task_runs s on s.id = t.outputs_from
    where t.execution_id = any($2::uuid[]) and t.outputs_from is not null
  union all select to_jsonb(u)::text from artifact_uses u where u.execution_id = any($2::uuid[])) texts
where strpos(text, '/' || $1 || '/') > 0
"""


class _Owner(TypedDict):
    owner: str


class _Mentioning(TypedDict):
    execution_id: UUID


class _Text(TypedDict):
    text: str


def references_in(execution_id: UUID, texts: Iterable[object]) -> set[Reference]:
    """Returns references to the folders of others that these values mention; values that are not text are ignored."""
    found = {
        folder
        for text in texts
        if isinstance(text, str) and any(prefix in text for prefix in _PREFIXES)
        for folder in _FOLDER.findall(text)
    }
    return {(folder, execution_id) for folder in found - {typed("exec", execution_id)}}


def folders_in(text: str) -> list[str]:
    """The folders of executions that the text mentions."""
    found = _FOLDER.findall(text) if _OF_EXECUTION in text else []
    return [folder for folder in found if folder.startswith("exec_")]


async def record(connection: Connection, references: Iterable[Reference]) -> None:
    """Stores references in the transaction that writes the rows with them."""
    if rows := sorted(set(references)):
        await connection.execute(_RECORD, *to_columns(rows))


async def release(
    connection: Connection, ids: Sequence[UUID], with_files: Sequence[UUID]
) -> list[UUID]:
    """Call this before these executions are deleted. Deletes their references; files of those `with_files` are kept
    only as long as another execution mentions them. Returns executions deleted earlier whose files to check again."""
    owners = [typed("exec", id) for id in with_files]
    await connection.execute(_LOCK, owners, ids)
    rows: list[_Owner] = await connection.fetch(_RELEASE, ids)
    released = [untyped("exec", row["owner"]) for row in rows]
    await connection.execute(_MARK, owners)
    return released


async def hold(connection: Executes, owner: UUID) -> list[UUID]:
    """Returns the executions that mention files of this deleted one. When one of them is deleted later, the files are
    checked again."""
    rows: list[_Mentioning] = await connection.fetch(_HOLD, [typed("exec", owner)])
    return [row["execution_id"] for row in rows]


async def mentions(connection: Executes, owner: UUID, ids: Sequence[UUID]) -> list[str]:
    """The JSON texts of the executions `ids` that mention files of `owner`."""
    rows: list[_Text] = await connection.fetch(_MENTIONS, typed("exec", owner), ids)
    return [row["text"] for row in rows]
