"""The protocol of an executor, and what becomes of an attempt in its hands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from models.events.events import TaskError
from runner.attempt.attempt import AttemptContext


@dataclass(frozen=True, slots=True)
class Outcome:
    """A success has no error. `outputs` are beside those that the task itself has told."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: TaskError | None = None
    exit_code: int | None = None
    resources: Mapping[str, Any] | None = None

    @classmethod
    def failed(cls, code: str, message: str, **outputs: Any) -> Self:
        return cls(outputs=outputs, error=TaskError(code, message))


class Executor(Protocol):
    """`run` raises Stopped when it ended because `attempt.stop` was asked to; what else it raises is a bug."""

    light: ClassVar[bool]
    """Takes next to no time and no slot of the worker."""

    async def run(self, attempt: AttemptContext) -> Outcome: ...
