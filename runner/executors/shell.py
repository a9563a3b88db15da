"""The task type `shell`: runs a script with bash or another interpreter."""

import shlex
from typing import ClassVar

from models.spec import ShellTask
from runner.attempt.attempt import AttemptContext
from runner.executors.executor import Outcome
from runner.executors.program import run_program
from runner.expressions.evaluator import Mode

_BASH = ("bash", "-euo", "pipefail")
_LONGEST_ARGUMENT = 100_000
"""Bytes; Linux allows 128 KiB for one argument."""


class ShellExecutor:
    light: ClassVar[bool] = False

    async def run(self, attempt: AttemptContext) -> Outcome:
        spec = attempt.spec_as(ShellTask)
        rendered = await attempt.render({"run": spec.run}, Mode.SHELL)
        env = await attempt.render({"env": dict(spec.env)})
        script = str(rendered["run"])
        async with attempt.working_directory() as directory:
            short = len(script.encode()) < _LONGEST_ARGUMENT
            # Everyone on the machine can see arguments, so a script with secrets goes into a file.
            if spec.interpreter is None and short and not attempt.mask:
                argv = [*_BASH, "-c", script]
            else:
                interpreter = shlex.split(spec.interpreter) if spec.interpreter else _BASH
                argv = [*interpreter, directory.write("script", script)]
            return await run_program(attempt, directory, argv, env["env"])
