"""The protocol of executors, and the outcome of an attempt that they return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from models.events.events import TaskError
from runner.attempt.attempt import AttemptContext


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error` is None after a success. `outputs` are added to those that the task itself has reported."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: TaskError | None = None
    exit_code: int | None = None
    resources: Mapping[str, Any] | None = None

    @classmethod
    def failed(cls, code: str, message: str, **outputs: Any) -> Self:
        return cls(outputs=outputs, error=TaskError(code, message))


class Executor(Protocol):
    """`run` raises Stopped if `attempt.cancellation` ended it. Any other exception that it raises is a bug."""

    light: ClassVar[bool]
    """Tasks of this type take next to no time, and so need no slot of the worker."""

    async def run(self, attempt: AttemptContext) -> Outcome: ...
