"""Files that executions mention of others, or that were uploaded: whose folder of the artifact store they are in, and
until when they stay.

They are recorded when a row that mentions one is written, so that nobody has to look for them in all rows there are.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from models.ids import typed, untyped
from runner.store.json import turned
from runner.store.postgres.connection import Connection, Executes

Reference = tuple[str, UUID]
"""The id, as a URI has it, of the execution whose file it is, or of the upload; and the execution that mentions it."""

_OF_EXECUTION: Final = "/exec_"
_SIGNS: Final = (_OF_EXECUTION, "/file_")
_FOLDER: Final = re.compile(r"/((?:exec|file)_[0-7][0-9a-hjkmnp-tv-z]{25})/")
_RECORD: Final = """
insert into file_references (owner, execution_id) select * from unnest($1::text[], $2::uuid[])
on conflict do nothing
"""
# All that one transaction will touch, in one order, so that two never wait for each other.
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
# Everything that they say, where it mentions the folder; outputs that they carry by reference too.
_MENTIONS: Final = """
select told from (
  select to_jsonb(e)::text as told from executions e where e.id = any($2::uuid[])
  union all select to_jsonb(t)::text from task_runs t where t.execution_id = any($2::uuid[])
  union all select coalesce(k.outputs, s.outputs)::text from task_runs t
    left join kept_outputs k on k.task_run_id = t.outputs_from left join task_runs s on s.id = t.outputs_from
    where t.execution_id = any($2::uuid[]) and t.outputs_from is not null
  union all select to_jsonb(u)::text from artifact_uses u where u.execution_id = any($2::uuid[])) said
where strpos(told, '/' || $1 || '/') > 0
"""


def references_in(execution_id: UUID, texts: Iterable[object]) -> set[Reference]:
    """Of what is text among these: the folders of others that it mentions."""
    found = {
        folder
        for text in texts
        if isinstance(text, str) and any(sign in text for sign in _SIGNS)
        for folder in _FOLDER.findall(text)
    }
    return {(folder, execution_id) for folder in found - {typed("exec", execution_id)}}


def folders_in(text: str) -> list[str]:
    """The folders of executions that it mentions."""
    found = _FOLDER.findall(text) if _OF_EXECUTION in text else []
    return [folder for folder in found if folder.startswith("exec_")]


async def record(connection: Connection, references: Iterable[Reference]) -> None:
    """Within the transaction that writes what mentions them."""
    if rows := sorted(set(references)):
        await connection.execute(_RECORD, *turned(rows))


async def release(
    connection: Connection, ids: Sequence[UUID], with_files: Sequence[UUID]
) -> list[UUID]:
    """Before these executions go: they mention nothing any more, and files of those `with_files` stay only as long as
    another mentions them. Answers with the executions gone before, files of which are to be looked at again."""
    owners = [typed("exec", id) for id in with_files]
    await connection.execute(_LOCK, owners, ids)
    released = [untyped("exec", row["owner"]) for row in await connection.fetch(_RELEASE, ids)]
    await connection.execute(_MARK, owners)
    return released


async def hold(connection: Executes, owner: UUID) -> list[UUID]:
    """The executions that mention files of this one, which is gone. Whoever of them goes from now on has its files
    looked at again."""
    rows = await connection.fetch(_HOLD, [typed("exec", owner)])
    return [row["execution_id"] for row in rows]


async def mentions(connection: Executes, owner: UUID, ids: Sequence[UUID]) -> list[str]:
    """JSON of these executions that mentions files of this one."""
    return [row["told"] for row in await connection.fetch(_MENTIONS, typed("exec", owner), ids)]
