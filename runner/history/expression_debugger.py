"""Evaluates expressions that people try out, with the names that a task run saw; separate from the evaluator of
flows."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from uuid import UUID
from weakref import WeakValueDictionary

from models.errors import Refused
from models.expressions import has_expressions, read
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.visibility.outside import NOTHING, Outside
from models.secrets import MASKED
from runner.expressions.context import expression_names
from runner.expressions.evaluator import EvaluationFailed, Evaluator
from runner.expressions.sandbox_process import NOT_DEFINED
from runner.history.point_in_time import read_past
from runner.store.execution.event_log import last_start
from runner.store.execution.snapshots import read_executions
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool
from runner.store.rows import ExecutionRow

_OPENING, _CLOSING = "{{ ", " }}"
_UNKNOWN = re.compile(rf"`(\w+)` {NOT_DEFINED}|has no '([^']+)'")


class ValueType(StrEnum):
    """The JSON type of an expression's value."""

    STRING = "STRING"
    INT = "INT"
    FLOAT = "FLOAT"
    BOOL = "BOOL"
    ARRAY = "ARRAY"
    OBJECT = "OBJECT"
    NULL = "NULL"


@dataclass(frozen=True, slots=True)
class EvaluationError:
    """Why there is no value; `line` and `column` count from 1 and are None if the place is unknown."""

    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A value and its type, or an error."""

    value: Any = None
    type: ValueType | None = None
    error: EvaluationError | None = None


class Debugger:
    """Has its own evaluator, which is started at the first use and evaluates one expression at a time: an expression
    that crashes its process affects neither flows nor other people. Each person has at most one expression in the
    queue, so that nobody blocks others with many."""

    def __init__(self) -> None:
        self._evaluator = Evaluator()
        self._turn = asyncio.Lock()
        self._own_turns = WeakValueDictionary[str, asyncio.Lock]()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._evaluator.__aexit__(kind, error, trace)

    async def evaluate(self, expression: str, names: Mapping[str, Any], actor: str) -> Evaluated:
        """Evaluates text with `{{ }}` as a template, and other text as one expression."""
        text = expression.replace("\r\n", "\n").replace("\r", "\n")
        bare = not has_expressions(text)
        template = f"{_OPENING}{text}{_CLOSING}" if bare else text
        shift = len(_OPENING) if bare else 0
        if faults := read(template).misreadings:
            return Evaluated(error=_placed(text, faults[0].message, faults[0].offset - shift))
        try:
            own_turn = self._own_turns.setdefault(actor, asyncio.Lock())
            async with own_turn, self._turn:
                value = await self._evaluator.render(template, _masked(template, names))
        except EvaluationFailed as failed:
            return Evaluated(error=_placed(text, str(failed), _offset_of(text, str(failed))))
        return Evaluated(value, type_of(value))


async def names_seen(
    pool: Pool, plans: Plans, row: ExecutionRow, path: str, outside: Outside = NOTHING
) -> dict[str, Any]:
    """The names that a task run of the execution `row` saw when its newest attempt started, and its own outputs, as
    later tasks see them. For a task run that has not started, the current names. Outputs from `outside` are left out.
    Raises Refused.
    """
    now, task = _task(await read_executions(pool, plans, [row["id"]]), row["id"], path)
    start = await last_start(pool, row["id"], path)
    seen = now if start is None else (await read_past(pool, plans, row, start)).execution
    names = expression_names(seen, seen.tasks[path])
    if task.ended:
        names["outputs"] = names["outputs"].with_run(task)
    names["outputs"] = names["outputs"].seen(outside)
    return names


def type_of(value: Any) -> ValueType:
    for kind, type in _TYPES:
        if isinstance(value, kind):
            return type
    return ValueType.NULL


_TYPES: tuple[tuple[type[Any], ValueType], ...] = (
    (bool, ValueType.BOOL),  # before int, because a bool is an int
    (int, ValueType.INT),
    (float, ValueType.FLOAT),
    (str, ValueType.STRING),
    (list, ValueType.ARRAY),
    (dict, ValueType.OBJECT),
)


def _task(found: Mapping[UUID, Execution], id: UUID, path: str) -> tuple[Execution, TaskRun]:
    execution = found.get(id)
    task = execution.tasks.get(path) if execution else None
    if execution is None or task is None:
        raise Refused.not_found("the execution was deleted just now")
    return execution, task


def _masked(template: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """The names with a masked value for every secret that the template mentions, whether it exists or not."""
    wanted = {each.name for each in read(template).references if each.root == "secrets"}
    return {**names, "secrets": {name: MASKED for name in sorted(filter(None, wanted))}}


def _offset_of(text: str, sentence: str) -> int | None:
    """The offset of the name that the evaluator could not find."""
    found = _UNKNOWN.search(sentence)
    if found is None:
        return None
    root, name = found.groups()
    if root:
        place = re.search(rf"(?<![\w.'\"]){re.escape(root)}\b", text)
    else:
        place = re.search(
            rf"(?<=\.){re.escape(name)}\b|(?<=\[['\"]){re.escape(name)}(?=['\"])", text
        )
    return place.start() if place else None


def _placed(text: str, message: str, offset: int | None) -> EvaluationError:
    if offset is None:
        return EvaluationError(message)
    offset = max(0, min(offset, len(text)))
    return EvaluationError(
        message, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    )
