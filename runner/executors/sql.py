"""The task type `sql`: runs statements in a separate process, so that kills and timeouts need not wait for the
database."""

import os
import sys
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import asyncpg
import orjson

from models.access.hosts import DATABASE
from models.events.events import TaskError
from models.spec import SqlTask
from runner.attempt.attempt import AttemptContext, WorkingDirectory
from runner.executors.executor import Outcome
from runner.executors.program import run_program
from runner.files.artifact_store import ArtifactRefused
from runner.files.task_files import open_inside
from runner.service.retry import retry_until_available
from runner.store.postgres.identity import IDENTITY, identity_of

_FAILURE = "failure"
_LONGEST = 64 * 1024
_PROGRAM = Path(__file__).with_name("sql_program.py")


class SqlExecutor:
    light: ClassVar[bool] = False

    async def run(self, attempt: AttemptContext) -> Outcome:
        spec = attempt.spec_as(SqlTask)
        settings = await attempt.render(
            {
                "url": spec.url,
                "statement": list(spec.statement),
                "params": spec.params,
                "env": dict(spec.env),
            }
        )
        url = str(settings["url"])
        attempt.record_inputs({"url": _without_password(url)})
        request = {
            "url": url,
            "statements": [str(statement) for statement in settings["statement"]],
            "params": settings["params"],
            "format": spec.format.value.lower(),
            **await _rules(attempt),
        }
        folder = attempt.services.artifacts.folder
        artifacts = [os.path.realpath(folder)] if folder else []
        async with attempt.working_directory() as directory:
            request["open"] = [*artifacts, os.path.realpath(directory.files)]
            failure = directory.root / _FAILURE
            todo = directory.write("request.json", orjson.dumps(request).decode())
            argv = [sys.executable, "-I", str(_PROGRAM), todo, str(failure)]
            outcome = await run_program(attempt, directory, argv, settings["env"])
            if outcome.error and (failure_text := _read_failure(directory, attempt.reporter.owner)):
                code, _, why = failure_text.partition("\n")
                sentence = why.replace(url, _without_password(url))
                return replace(outcome, error=TaskError(code, attempt.mask.text(sentence)))
            return outcome


async def _rules(attempt: AttemptContext) -> dict[str, Any]:
    """Returns the host rules, and how the process recognises Headway's own database after connecting: other databases
    of the same server are allowed. If it cannot be recognised, the whole server is refused."""
    services = attempt.services
    hosts, own = services.hosts, None
    if DATABASE in hosts.denied:
        with suppress(asyncpg.InsufficientPrivilegeError, asyncpg.UndefinedFunctionError):
            own = await attempt.cancellation.cancels(
                retry_until_available(services.pool, partial(identity_of, services.pool))
            )
    return {
        "hosts": (replace(hosts, database=()) if own else hosts).dump(),
        "identity": IDENTITY,
        "own": own,
        "kept": os.path.realpath(services.data_dir),
    }


def _read_failure(directory: WorkingDirectory, owner: int | None) -> str:
    """Reads the failure file of the program; "" if it is not the program's own file."""
    try:
        with open_inside(directory.root, _FAILURE, owner) as file:
            return file.read(_LONGEST).decode(errors="replace")
    except ArtifactRefused:
        return ""


def _without_password(url: str) -> str:
    try:
        password = urlsplit(url).password
    except ValueError:
        return url
    return url.replace(f":{password}@", ":***@", 1) if password else url
