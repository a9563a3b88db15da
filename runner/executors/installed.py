"""Installed task types: calls the method `run` of the type in a separate process. See models/spec/installed."""

import sys
from typing import ClassVar

import orjson

from models.spec.installed import own_keys
from runner.attempt.attempt import AttemptContext
from runner.executors.executor import Outcome
from runner.executors.program import run_program


class InstalledExecutor:
    light: ClassVar[bool] = False

    async def run(self, attempt: AttemptContext) -> Outcome:
        spec = attempt.spec
        document = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        own = {key: document[key] for key in own_keys(type(spec)) if key in document}
        settings = await attempt.render({**own, "env": dict(spec.env)})
        task = {"id": spec.id, "type": document["type"], **{key: settings[key] for key in own}}
        # The process finds the packages of the worker too, but its own copy of `headway` first.
        request = {"task": task, "path": [path for path in sys.path if path]}
        async with attempt.working_directory() as directory:
            file = directory.write("own.json", orjson.dumps(request).decode())
            argv = [sys.executable, "-m", "headway.installed"]
            env = {**settings["env"], "HEADWAY_ARGS": file}
            return await run_program(attempt, directory, argv, env)
