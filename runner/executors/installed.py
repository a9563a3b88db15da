"""Installed task types: a process of its own, in which the type's method `run` is called. See models/spec/installed."""

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
        said = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
        own = {key: said[key] for key in own_keys(type(spec)) if key in said}
        settings = await attempt.render({**own, "env": dict(spec.env)})
        task = {"id": spec.id, "type": said["type"], **{key: settings[key] for key in own}}
        # Where the worker finds packages the process does too; ahead of them stands its own `headway`.
        request = {"task": task, "path": [path for path in sys.path if path]}
        async with attempt.workplace() as place:
            file = place.write("own.json", orjson.dumps(request).decode())
            argv = [sys.executable, "-m", "headway.installed"]
            env = {**settings["env"], "HEADWAY_ARGS": file}
            return await run_program(attempt, place, argv, env)
