"""The task type `python`: runs a script or a function in a process of the worker's or another interpreter."""

import shlex
import sys
from typing import ClassVar

import orjson

from models.spec import PythonTask
from runner.attempt.attempt import AttemptContext
from runner.executors.executor import Outcome
from runner.executors.program import run_program


class PythonExecutor:
    light: ClassVar[bool] = False

    async def run(self, attempt: AttemptContext) -> Outcome:
        spec = attempt.spec_as(PythonTask)
        settings = await attempt.render({"args": spec.args, "env": dict(spec.env)})
        interpreter = shlex.split(spec.interpreter) if spec.interpreter else [sys.executable]
        async with attempt.working_directory() as directory:
            args = directory.write("args.json", orjson.dumps(settings["args"]).decode())
            if spec.call is None:
                argv = [*interpreter, directory.write("script.py", spec.script or "")]
            else:
                argv = [*interpreter, "-m", "headway.call", spec.call]
            return await run_program(
                attempt, directory, argv, {**settings["env"], "HEADWAY_ARGS": args}
            )
