"""Expressions that people try: evaluated with the names that a task run saw, apart from what flows need evaluated."""

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
from runner.history.point_in_time import read_past
from runner.store.execution.event_log import last_start
from runner.store.execution.snapshots import read_executions
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool

_OPENING, _CLOSING = "{{ ", " }}"
_UNKNOWN = re.compile(r"`(\w+)` is not known here|has no '([^']+)'")


class ValueType(StrEnum):
    """Names the kind of JSON that an expression gave."""

    STRING = "STRING"
    INT = "INT"
    FLOAT = "FLOAT"
    BOOL = "BOOL"
    ARRAY = "ARRAY"
    OBJECT = "OBJECT"
    NULL = "NULL"


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why there is no value; the place counts from 1 and is None where it cannot be told."""

    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A value and its type, or what is wrong."""

    value: Any = None
    type: ValueType | None = None
    wrong: Wrong | None = None


class Debugger:
    """Has an evaluator of its own, started when it is first asked, and asks it one thing at a time: an expression that
    takes its process down takes nothing along that a flow, or somebody else, waits for. One of each person waits for
    that, so that nobody stands in the way of others with many."""

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

    async def evaluate(self, expression: str, names: Mapping[str, Any], actor: str) -> Tried:
        """Text with `{{ }}` as it stands; without, all of it is one expression."""
        text = expression.replace("\r\n", "\n").replace("\r", "\n")
        bare = not has_expressions(text)
        template = f"{_OPENING}{text}{_CLOSING}" if bare else text
        shift = len(_OPENING) if bare else 0
        if faults := read(template).misreadings:
            return Tried(wrong=_placed(text, faults[0].message, faults[0].offset - shift))
        try:
            own_turn = self._own_turns.setdefault(actor, asyncio.Lock())
            async with own_turn, self._turn:
                value = await self._evaluator.render(template, _masked(template, names))
        except EvaluationFailed as failed:
            return Tried(wrong=_placed(text, str(failed), _offset_of(text, str(failed))))
        return Tried(value, type_of(value))


async def names_seen(
    pool: Pool, plans: Plans, row: Any, path: str, outside: Outside = NOTHING
) -> dict[str, Any]:
    """The names as a task run of the execution `row` saw them when its newest attempt started, with its own outputs
    beside them, as those after it see these. One that has not started sees what there is now. Outputs that came from
    `outside` are left out. Raises Refused.
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
    (bool, ValueType.BOOL),  # before int, which it is too
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
        raise Refused.not_found("it was deleted just now")
    return execution, task


def _masked(template: str, names: Mapping[str, Any]) -> dict[str, Any]:
    """Every secret that is named has the same value, whether there is such a secret or not."""
    wanted = {each.name for each in read(template).references if each.root == "secrets"}
    return {**names, "secrets": {name: MASKED for name in sorted(filter(None, wanted))}}


def _offset_of(text: str, sentence: str) -> int | None:
    """Where the name stands that the evaluator could not find."""
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


def _placed(text: str, message: str, offset: int | None) -> Wrong:
    if offset is None:
        return Wrong(message)
    offset = max(0, min(offset, len(text)))
    return Wrong(message, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
