"""The task types `log`, `return` and `fail`, which the worker runs itself."""

from typing import Any, ClassVar

from models.logs import LogLevel
from models.spec import FailTask, LogTask, ReturnTask
from runner.attempt.attempt import AttemptContext
from runner.executors.executor import Outcome


class LogExecutor:
    light: ClassVar[bool] = True

    async def run(self, attempt: AttemptContext) -> Outcome:
        spec = attempt.spec_as(LogTask)
        settings = await attempt.render({"message": spec.message})
        await attempt.log.note(str(settings["message"]), LogLevel[spec.level.name])
        return Outcome()


class ReturnExecutor:
    light: ClassVar[bool] = True

    async def run(self, attempt: AttemptContext) -> Outcome:
        settings = await attempt.render({"outputs": attempt.spec_as(ReturnTask).outputs})
        outputs: dict[str, Any] = settings["outputs"]
        return Outcome(outputs=outputs)


class FailExecutor:
    light: ClassVar[bool] = True

    async def run(self, attempt: AttemptContext) -> Outcome:
        settings = await attempt.render({"message": attempt.spec_as(FailTask).message})
        return Outcome.failed("FAILED", str(settings["message"]))
