"""The built-in task types, one class each, distinguished by `type`."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from models.expressions import has_expressions
from models.inputs.inputs import InputSpec, InputType
from models.inputs.values import (
    AsText,
    EventName,
    Key,
    Part,
    Seconds,
    SecondsOrExpression,
    Text,
    Texts,
    Word,
)
from models.spec.installed import OrInstalled, installed_types, reserve
from models.spec.task import LogLevel, Task
from models.states import CommentRule, OnReject, OnTimeout, RestartChild, ReuseDecision


class ShellTask(Task):
    """Runs `run` with `bash -euo pipefail`, or with `interpreter`."""

    expressions = frozenset({"run"})
    type: Literal["shell"]
    run: Text
    interpreter: Text | None = None


class PythonTask(Task):
    """Runs `script`, or calls `call` (`module:function`) with `args` as keyword arguments."""

    expressions = frozenset({"script", "args"})
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
    """Sends one request, with at most one of `json` (here `json_body`) and `body`."""

    expressions = frozenset({"url", "headers", "params", "json", "body"})
    type: Literal["http"]
    method: Annotated[Method, BeforeValidator(_method)] = "GET"
    url: Text
    headers: dict[str, Text] = Field(default_factory=dict)
    params: dict[str, Annotated[Any, AsText()]] = Field(default_factory=dict)
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


def _database_url(value: object) -> object:
    if not isinstance(value, str) or has_expressions(value):
        return value
    scheme, found, _ = value.partition("://")
    if found and scheme not in {"postgresql", "postgres", "duckdb"}:
        right = "postgresql://..., duckdb:///FILE or the path of a DuckDB file"
        raise ValueError(f"must be {right}, got {scheme!r:.80}://...")
    return value


def _statements(value: object) -> object:
    return value if isinstance(value, list) else [value]


class RowFormat(StrEnum):
    CSV = "CSV"
    JSONL = "JSONL"


class SqlTask(Task):
    """Runs statements on one database, in one transaction; `params` are bound to `$1`, `$2`, ..."""

    expressions = frozenset({"url", "statement", "params"})
    type: Literal["sql"]
    url: Annotated[Text, BeforeValidator(_database_url)]
    statement: Annotated[
        tuple[Text, ...],
        Field(min_length=1, max_length=100),
        BeforeValidator(_statements),
        WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
    ]
    params: list[Any] = Field(default_factory=list)
    format: Annotated[RowFormat, Word(RowFormat, lower=True)] = RowFormat.CSV


class LogTask(Task):
    """Writes one line to the log."""

    expressions = frozenset({"message"})
    type: Literal["log"]
    message: Text
    level: Annotated[LogLevel, Word(LogLevel)] = LogLevel.INFO


class ReturnTask(Task):
    """Sets outputs."""

    expressions = frozenset({"outputs"})
    type: Literal["return"]
    outputs: dict[str, Any]


class FailTask(Task):
    """Ends FAILED with a message."""

    expressions = frozenset({"message"})
    type: Literal["fail"]
    message: Text = "failed on purpose"


class WaitTask(Task):
    """Waits for `duration`, until `until` (an ISO 8601 time with its zone, or an expression), or for `event`."""

    expressions = frozenset({"duration", "until"})
    by_engine = True
    type: Literal["wait"]
    duration: SecondsOrExpression | None = None
    until: Text | None = None
    event: EventName | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if sum(value is not None for value in (self.duration, self.until, self.event)) != 1:
            raise ValueError("a wait task must have exactly one of `duration`, `until` and `event`")
        return self


class GroupSpec(Part):
    """A group of people, of whom `required` must approve."""

    name: Key
    users: Texts = ()
    roles: Texts = ()
    required: Annotated[int, Field(strict=True, ge=1)] = 1

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if not self.users and not self.roles:
            raise ValueError("a group names `users` or `roles`")
        return self


class EscalateSpec(Part):
    """After `after` seconds, holders of these roles may decide too."""

    after: Seconds | None = None
    roles: Annotated[Texts, Field(min_length=1)]


class ApprovalTask(Task):
    """Waits for approvals by `required` of `users` and holders of `roles` (anyone if both are empty), or by all groups.

    A person counts for one group. `timeout` applies to the request, not to an attempt. `reuse`: whether a decision is
    reused when the task runs again with the same data.
    """

    expressions = frozenset({"message"})
    by_engine = True
    type: Literal["approval"]
    message: Text = ""
    required: Annotated[int, Field(strict=True, ge=1)] = 1
    users: Texts = ()
    roles: Texts = ()
    groups: tuple[GroupSpec, ...] = ()
    allow_self: Annotated[bool, Field(strict=True)] = True
    comment: Annotated[CommentRule, Word(CommentRule, lower=True)] = CommentRule.NEVER
    form: tuple[InputSpec, ...] = ()
    on_timeout: Annotated[OnTimeout, Word(OnTimeout)] = OnTimeout.REJECT
    remind_every: Seconds | None = None
    escalate: EscalateSpec | None = None
    on_reject: Annotated[OnReject, Word(OnReject)] = OnReject.REJECT
    reuse: Annotated[ReuseDecision, Word(ReuseDecision, lower=True)] = ReuseDecision.SAME_INPUTS

    @model_validator(mode="after")
    def _form_is_plain(self) -> Self:
        for field in self.form:
            if field.type in {InputType.SECRET, InputType.FILE} or field.depends_on:
                raise ValueError(
                    f"`{field.id}` of the `form`: a form takes no SECRET, no FILE and no `depends_on`"
                )
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [group.name for group in self.groups]
        if len(set(names)) < len(names):
            raise ValueError("two `groups` have the same name")
        if self.groups and {"users", "roles", "required"} & self.model_fields_set:
            raise ValueError(
                "`groups` name who approves; leave out `users`, `roles` and `required`"
            )
        if self.on_timeout is OnTimeout.ESCALATE and (
            self.escalate is None or self.timeout is None
        ):
            raise ValueError(
                "`on_timeout: ESCALATE` needs `timeout` and `escalate: {roles: [...]}`"
            )
        if (
            self.escalate
            and self.escalate.after is None
            and self.on_timeout is not OnTimeout.ESCALATE
        ):
            raise ValueError("`escalate` needs `after`, or `on_timeout: ESCALATE`")
        if self.remind_every is not None and self.remind_every < 1:
            raise ValueError("`remind_every` must be at least 1 s")
        return self


class SubflowTask(Task):
    """Starts another flow, by default of the same namespace, and takes over its end unless `wait` is false.

    `restart_child`: when a person runs the task again, it continues the execution that it had started, or starts a new
    one."""

    expressions = frozenset({"inputs", "labels"})
    by_engine = True
    type: Literal["subflow"]
    flow: Text
    namespace: Text | None = None
    revision: Annotated[int, Field(strict=True, ge=1)] | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    labels: dict[str, Text] = Field(default_factory=dict)
    wait: Annotated[bool, Field(strict=True)] = True
    restart_child: Annotated[RestartChild, Word(RestartChild, lower=True)] = RestartChild.RESUME


class ForeachTask(Task):
    """Runs `tasks` once for each of `items` (a list, or an expression for one), with `item` and `index` as names."""

    expressions = frozenset({"items"})
    by_engine = True
    type: Literal["foreach"]
    items: list[Any] | Text
    max_parallel: Annotated[int, Field(strict=True, ge=1)] | None = None
    tasks: Annotated[tuple["TaskSpec", ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _no_retry(self) -> Self:
        if self.retry is not None:
            raise ValueError("a foreach takes no `retry`; set it on the tasks inside")
        return self


class ExternalTask(Task):
    """A task of an external run, which is only recorded. Documents cannot contain it."""

    type: Literal["external"] = "external"


_BuiltIn = (
    ShellTask
    | PythonTask
    | HttpTask
    | SqlTask
    | LogTask
    | ReturnTask
    | FailTask
    | WaitTask
    | ApprovalTask
    | SubflowTask
    | ForeachTask
)
TaskSpec = Annotated[_BuiltIn, Field(discriminator="type"), OrInstalled()]
ForeachTask.model_rebuild()

TASK_CLASSES: dict[str, type[Task]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(_BuiltIn)
}
reserve(TASK_CLASSES)


def task_classes() -> dict[str, type[Task]]:
    """Returns the built-in and the installed task classes by type."""
    return {**TASK_CLASSES, **installed_types()}
