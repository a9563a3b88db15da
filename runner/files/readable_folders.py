"""Finds the folders of the artifact store that a task may read: that of its execution, and those that its input
mentions, if they belong to its namespace or its family. A mention alone gives no access: anybody can write any URI."""

import re
from collections.abc import Iterable
from functools import partial
from typing import Final

from models.ids import typed, untyped
from models.inputs.inputs import InputType
from models.lifecycle.snapshot import Execution
from runner.service.retry import retry_until_available
from runner.store.execution.families import related
from runner.store.postgres.connection import Pool
from runner.store.references import folders_in

_UPLOAD: Final = re.compile(r"/(files/file_[0-7][0-9a-hjkmnp-tv-z]{25})/")


async def readable_folders(pool: Pool, execution: Execution, texts: Iterable[str]) -> list[str]:
    """`texts` is everything that the task was given. Uploaded files are found by the FILE inputs only."""
    own = typed("exec", execution.id)
    mentioned = {folder for text in texts for folder in folders_in(text)} - {own}
    found: set[str] = set()
    if mentioned:
        ids = [untyped("exec", folder) for folder in mentioned]
        namespace = execution.plan.spec.namespace
        readable = await retry_until_available(
            pool, partial(related, pool, execution.id, namespace, ids)
        )
        found = {typed("exec", id) for id in readable}
    return sorted({own, *found, *_uploads(execution)})


def _uploads(execution: Execution) -> set[str]:
    given = (
        execution.inputs.get(spec.id)
        for spec in execution.plan.spec.inputs
        if spec.type is InputType.FILE
    )
    return {place for value in given for place in _UPLOAD.findall(str(value))}
