"""The task types that are built, one class each; `type` tells them apart."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from models.states import AttemptState, CommentRule, OnWorkerLost
from models.values import (
    Environment,
    Key,
    Keys,
    Part,
    Seconds,
    SecondsOrExpression,
    Text,
    Texts,
    Word,
)


class Backoff(StrEnum):
    CONSTANT = "CONSTANT"
    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class LogLevel(StrEnum):
    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class RetriedEnd(StrEnum):
    """The ends of an attempt that a retry may follow."""

    FAILED = AttemptState.FAILED.value
    TIMED_OUT = AttemptState.TIMED_OUT.value
    LOST = AttemptState.LOST.value


class RetrySpec(Part):
    """`max_attempts` counts the first; delays are seconds."""

    max_attempts: Annotated[int, Field(strict=True, ge=1, le=1000)]
    backoff: Annotated[Backoff, Word(Backoff, lower=True)] = Backoff.CONSTANT
    delay: Seconds = 1.0
    max_delay: Seconds | None = None
    jitter: Annotated[bool, Field(strict=True)] = False
    on: frozenset[Annotated[RetriedEnd, Word(RetriedEnd)]] = frozenset(RetriedEnd)


class ArtifactSpec(Part):
    """A file that the task leaves in its working directory; `path` may be a glob."""

    path: Text
    type: Text = "File"
    name: Text | None = None
    version: Text | None = None


class Task(Part):
    """What every task may say. Times are seconds."""

    id: Key
    needs: Keys = ()
    description: Text | None = None
    disabled: Annotated[bool, Field(strict=True)] = False
    allow_failure: Annotated[bool, Field(strict=True)] = False
    retry: RetrySpec | None = None
    timeout: Seconds | None = None
    on_worker_lost: Annotated[OnWorkerLost, Word(OnWorkerLost, lower=True)] = OnWorkerLost.RETRY
    queue: Key = "default"
    kill_grace: Seconds = 10.0
    env: Environment = Field(default_factory=dict)
    artifacts: tuple[ArtifactSpec, ...] = ()


class ShellTask(Task):
    """Runs `run` with `bash -euo pipefail`, or with `interpreter`."""

    type: Literal["shell"]
    run: Text
    interpreter: Text | None = None


class PythonTask(Task):
    """Runs `script`, or calls `call` (`module:function`) with `args` as keyword arguments."""

    type: Literal["python"]
    script: Text | None = None
    call: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None
    args: dict[str, Any] = Field(default_factory=dict)
    interpreter: Text | None = None

    @model_validator(mode="after")
    def _one_program(self) -> Self:
        if (self.script is None) == (self.call is None):
            raise ValueError("a python task has either `script` or `call`")
        return self


def _statuses(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    texts = tuple(str(item) for item in items if not isinstance(item, bool))
    if len(texts) == len(items) and texts and all(_is_status(text) for text in texts):
        return texts
    raise ValueError(f"must be statuses such as 200, [200, 404] or 2xx, got {value!r:.80}")


def _is_status(text: str) -> bool:
    whole = text[:1] + text[1:].replace("xx", "00")
    return len(text) == 3 and whole.isascii() and whole.isdigit() and 100 <= int(whole) <= 599


def _method(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class HttpTask(Task):
    """One request; at most one of `json` (here `json_body`) and `body`."""

    type: Literal["http"]
    method: Annotated[Method, BeforeValidator(_method)] = "GET"
    url: Text
    headers: dict[str, Text] = Field(default_factory=dict)
    params: dict[str, Any] = Field(default_factory=dict)
    json_body: Any = Field(default=None, alias="json")
    body: Text | None = None
    expect_status: Annotated[
        tuple[str, ...],
        BeforeValidator(_statuses),
        WithJsonSchema({"type": ["string", "integer", "array"]}),
    ] = ("2xx",)

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.json_body is not None and self.body is not None:
            raise ValueError("an http task has either `json` or `body`")
        return self

    def accepts(self, status: int) -> bool:
        return any(
            text == str(status) or text == f"{status // 100}xx" for text in self.expect_status
        )


class LogTask(Task):
    """Writes one line to the log."""

    type: Literal["log"]
    message: Text
    level: Annotated[LogLevel, Word(LogLevel)] = LogLevel.INFO


class ReturnTask(Task):
    """Sets its outputs."""

    type: Literal["return"]
    outputs: dict[str, Any]


class FailTask(Task):
    """Ends FAILED with a message."""

    type: Literal["fail"]
    message: Text = "failed on purpose"


class WaitTask(Task):
    """Waits for `duration`, or until `until`: an ISO 8601 time with its zone, or an expression."""

    type: Literal["wait"]
    duration: SecondsOrExpression | None = None
    until: Text | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.duration is None) == (self.until is None):
            raise ValueError("a wait task has either `duration` or `until`")
        return self


class ApprovalTask(Task):
    """Waits for one of `users` or a holder of one of `roles`; for anyone, if both are empty."""

    type: Literal["approval"]
    message: Text = ""
    required: Annotated[int, Field(strict=True, ge=1)] = 1
    users: Texts = ()
    roles: Texts = ()
    comment: Annotated[CommentRule, Word(CommentRule, lower=True)] = CommentRule.NEVER


TaskSpec = Annotated[
    ShellTask | PythonTask | HttpTask | LogTask | ReturnTask | FailTask | WaitTask | ApprovalTask,
    Field(discriminator="type"),
]

TASK_CLASSES: dict[str, type[Task]] = {
    "shell": ShellTask,
    "python": PythonTask,
    "http": HttpTask,
    "log": LogTask,
    "return": ReturnTask,
    "fail": FailTask,
    "wait": WaitTask,
    "approval": ApprovalTask,
}
