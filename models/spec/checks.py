"""Checks a flow document beyond the type of each key: references, expressions, the graph.

Works on the plain data, so that it also finds problems in a document with wrong types.
"""

import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from models.errors import ProblemCode, Refused
from models.expressions import Reading, Reference, has_expressions, is_raw, read, strings
from models.inputs.input_types import InputType
from models.labels import check_labels
from models.schedule import TRIGGER_NAMES
from models.secrets import is_secret_name
from models.shell import SHELLS, PieceKind, is_evaluated, unsafe_places
from models.similar import did_you_mean
from models.spec.document import Path
from models.spec.installed import installed_types, own_keys
from models.spec.outline import Outline, Placed, items_of, outline
from models.spec.tasks import TASK_CLASSES

_ALWAYS = frozenset({"execution", "flow", "trigger", "labels", "env"})
_BY_ENGINE = _ALWAYS | {"inputs", "outputs", "task"}
_IN_TASKS = _BY_ENGINE | {"secrets"}
_OF_FOREACH = frozenset({"item", "index"})
_IN_TRIGGERS = frozenset({"trigger", "flow", "labels"})
_IN_FLOW_KEYS = frozenset({"inputs", "flow", "labels", "trigger"})
_IN_OUTPUTS = _ALWAYS | {"inputs", "outputs"}
_EVALUATED_OF_ALL = frozenset({"env", "when", "cache"})
_CHECKED_BY_THEMSELVES = frozenset({"description", "tasks", "form"})
_SECTIONS = frozenset(
    {"inputs", "tasks", "errors", "finally", "outputs", "triggers", "description", "cache"}
)
_ENV = "; give the value through `env:` and read the variable there"


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake at a path; `offset` is the position in the text at this path."""

    path: Path
    message: str
    offset: int | None = None
    code: ProblemCode = ProblemCode.VALIDATION


@dataclass(frozen=True, slots=True)
class _Names:
    """The names that an expression at some place may refer to. `tasks` are those whose outputs are available."""

    roots: frozenset[str]
    inputs: frozenset[str] | None
    tasks: frozenset[str]
    all_tasks: frozenset[str]
    user: str | None = None
    hidden: frozenset[str] = frozenset()
    """SECRET inputs that may not be used at this place."""


def document_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Yields the mistakes that span several keys of a document, or are in its texts."""
    yield from _label_faults(data.get("labels"))
    yield from _duplicates(data, "inputs", "input")
    yield from _duplicates(data, "triggers", "trigger")
    found = outline(data)
    for path, sentence in found.faults:
        yield Fault(path if path[-2] == "needs" else (*path, "id"), sentence)
    for task in found.tasks:
        yield from _condition_faults(task)
    yield from _expression_faults(data, found)


def _duplicates(data: Mapping[str, Any], key: str, noun: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for position, item in items_of(data.get(key)):
        if item["id"] in seen:
            yield Fault((key, position, "id"), f"there is another {noun} `{item['id']}` before")
        seen.add(item["id"])


def _condition_faults(task: Placed) -> Iterator[Fault]:
    if task.item.get("run_if") in ("failed", "always") and not task.item.get("needs"):
        right = "list in `needs` the tasks that it depends on, or put it under `finally:`"
        yield Fault(
            (*task.path, "run_if"), f"`run_if: {task.item['run_if']}` needs other tasks; {right}"
        )


def _label_faults(labels: object, path: Path = ()) -> Iterator[Fault]:
    if not isinstance(labels, dict):
        return
    try:
        check_labels({key: str(value) for key, value in labels.items()})
    except Refused as refused:
        for problem in refused.problems:
            yield Fault((*path, *problem.path), problem.message)


def _expression_faults(data: Mapping[str, Any], found: Outline) -> Iterator[Fault]:
    items = [item for _, item in items_of(data.get("inputs"))]
    inputs = frozenset(item["id"] for item in items)
    hidden = frozenset(item["id"] for item in items if item.get("type") == InputType.SECRET)
    plain = _Names(_ALWAYS, inputs, frozenset(), found.keys, hidden=hidden)
    yield from _inputs(data, replace(plain, roots=_ALWAYS | {"inputs"}))
    for task in found.tasks:
        yield from _task(task, inputs, hidden, found)
    names = _Names(_IN_OUTPUTS, inputs, found.main, found.keys, hidden=hidden)
    yield from _values(data.get("outputs"), ("outputs",), names)
    cache = data.get("cache")
    if isinstance(cache, dict):
        yield from _values(cache.get("key"), ("cache", "key"), replace(plain, roots=_IN_FLOW_KEYS))
    for key, value in data.items():
        if key not in _SECTIONS:
            yield from _none(value, (key,))
    for position, item in items_of(data.get("triggers")):
        yield from _trigger(item, ("triggers", position))


def _trigger(item: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    yield from _label_faults(item.get("labels"), path)
    for key, value in item.items():
        if key == "inputs":
            yield from trigger_input_faults(value, (*path, key))
        else:
            yield from _none(value, (*path, key))


def trigger_input_faults(inputs: Any, path: Path = ("inputs",)) -> Iterator[Fault]:
    """Yields the mistakes in the expressions of a schedule's inputs."""
    yield from _values(inputs, path, _Names(_IN_TRIGGERS, None, frozenset(), frozenset()))
    for below, text in strings(inputs):
        for reference in read(text).references if has_expressions(text) else ():
            if reference.root == "trigger" and reference.name not in {None, *TRIGGER_NAMES}:
                sentence = f"a schedule's trigger has no `{reference.name}`"
                known = did_you_mean(str(reference.name), TRIGGER_NAMES)
                yield Fault((*path, *below), sentence + known, reference.offset)


def _inputs(data: Mapping[str, Any], names: _Names) -> Iterator[Fault]:
    for position, item in items_of(data.get("inputs")):
        for key, value in item.items():
            path: Path = ("inputs", position, key)
            if key == "default":
                yield from _values(value, path, names)
            elif key != "when":
                yield from _none(value, path)


def _task(
    task: Placed, inputs: frozenset[str], hidden: frozenset[str], found: Outline
) -> Iterator[Fault]:
    item, path, kind = task.item, task.path, str(task.item.get("type"))
    evaluated = _evaluated(kind)
    if evaluated is None:
        return
    roots = _BY_ENGINE | _OF_FOREACH if task.around else _BY_ENGINE
    by_engine = _Names(roots, inputs, found.before[task.key], found.keys, task.key, hidden)
    names = by_engine
    if kind in installed_types() or not TASK_CLASSES[kind].by_engine:  # workers decrypt secrets
        names = replace(by_engine, roots=roots | {"secrets"}, hidden=frozenset())
    for name, value in item.items():
        place = (*path, name)
        if name in _EVALUATED_OF_ALL or name in evaluated:
            yield from _values(value, place, by_engine if name == "when" else names)
        elif name not in _CHECKED_BY_THEMSELVES:
            yield from _none(value, place)
    yield from _text_faults(item, kind, path)


def _evaluated(kind: str) -> Collection[str] | None:
    """Returns the keys of a task type that may contain expressions: for installed types, all of their own keys."""
    if kind in installed_types():
        return own_keys(installed_types()[kind])
    return TASK_CLASSES[kind].expressions if kind in TASK_CLASSES else None


def _text_faults(item: Mapping[str, Any], kind: str, path: Path) -> Iterator[Fault]:
    yield from _variable_faults(item.get("env"), (*path, "env"))
    if kind == "shell" and isinstance(item.get("run"), str):
        yield from _shell_faults(item["run"], (*path, "run"), item.get("interpreter"))
    if kind == "python" and isinstance(item.get("script"), str):
        yield from _script_faults(item["script"], (*path, "script"))
    if kind == "sql":
        yield from _statement_faults(item.get("statement"), (*path, "statement"))
    if kind == "wait" and isinstance(item.get("until"), str):
        yield from _until_faults(item["until"], (*path, "until"))


def _variable_faults(env: Any, path: Path) -> Iterator[Fault]:
    if isinstance(env, dict):
        for name, value in env.items():
            if is_evaluated(str(name)) and has_expressions(value):
                sentence = f"programs run the text of `{name}` as code; it takes no expression"
                fix = "write a plain value, or use another name"
                yield Fault((*path, name), f"{sentence}: {fix}")


def _none(value: Any, path: Path) -> Iterator[Fault]:
    for below, text in strings(value):
        if has_expressions(text):
            yield Fault((*path, *below), f"`{path[-1]}` takes no expression; write a plain value")


def _values(value: Any, path: Path, names: _Names) -> Iterator[Fault]:
    for below, text in strings(value):
        if has_expressions(text):
            place = (*path, *below)
            for wrong in read(text).misreadings:
                yield Fault(place, wrong.message, wrong.offset)
            for reference in read(text).references:
                yield from _reference(reference, place, names)


def _reference(reference: Reference, path: Path, names: _Names) -> Iterator[Fault]:
    root, offset = reference.root, reference.offset
    if root in _OF_FOREACH and root not in names.roots:
        yield Fault(path, f"`{root}` can be used in the tasks of a foreach only", offset)
    elif root not in names.roots:
        where = "" if root not in _IN_TASKS else " here"
        sentence = f"`{root}` is not a name that expressions can use{where}"
        yield Fault(path, sentence + did_you_mean(root, names.roots), offset)
    elif refusal := _secrecy(reference, names):
        yield Fault(path, refusal, offset)
    elif reference.name is None:
        return
    elif root == "inputs" and names.inputs is not None and reference.name not in names.inputs:
        sentence = (
            f"there is no input `{reference.name}`{did_you_mean(reference.name, names.inputs)}"
        )
        yield Fault(path, sentence, offset)
    elif root == "outputs" and reference.name not in names.tasks:
        yield Fault(path, _no_outputs(reference.name, names), offset)


def _secrecy(reference: Reference, names: _Names) -> str | None:
    root, name = reference.root, reference.name
    if root == "secrets" and (name is None or not is_secret_name(name)):
        return "name the secret, as in secrets.NAME: its name cannot be computed"
    if root == "inputs" and name in names.hidden:
        return f"`{name}` is a SECRET: only tasks that a worker runs may use it"
    return None


def _no_outputs(task: str, names: _Names) -> str:
    if task not in names.all_tasks:
        dashed = next((key for key in names.all_tasks if key.startswith(f"{task}-")), None)
        if dashed is not None:
            return f"there is no task `{task}`; write outputs['{dashed}']"
        return f"there is no task `{task}`{did_you_mean(task, names.all_tasks)}"
    if task == names.user:
        return f"`{task}` has no outputs before it has run"
    return (
        f"the outputs of `{task}` are not available when `{names.user}` runs; "
        f"add `{task}` to its `needs`"
    )


def _shell_faults(run: str, path: Path, interpreter: object) -> Iterator[Fault]:
    if not has_expressions(run):
        return
    reading = read(run)
    shell = _shell_of(interpreter)
    if shell is None:
        where = "; quoting works in POSIX shells only (bash, sh, dash)"
        yield from _every_expression(reading, path, "in a script of this interpreter", where)
        return
    for wrong in reading.foreign_statements:
        yield Fault(path, wrong.message, wrong.offset)
    if not reading.misreadings:
        for offset, sentence in unsafe_places(reading.pieces, is_raw, bash=shell == "bash"):
            yield Fault(path, sentence, offset)


def _shell_of(interpreter: object) -> str | None:
    """Returns the name of the POSIX shell that an interpreter's command line starts, or None."""
    if interpreter is None:
        return "bash"
    try:
        words = shlex.split(str(interpreter))
    except ValueError:
        return None
    if len(words) > 1 and PurePosixPath(words[0]).name == "env":
        words = words[1:]
    name = PurePosixPath(words[0]).name if words else ""
    return name if name in SHELLS else None


def _script_faults(script: str, path: Path) -> Iterator[Fault]:
    if has_expressions(script):
        where = "; or give it through `args:` and read headway.args in the script"
        yield from _every_expression(read(script), path, "inside a Python `script`", where)


def _statement_faults(statement: Any, path: Path) -> Iterator[Fault]:
    bound = "; give the value through `params:` and write $1, $2, ... where it belongs"
    for below, text in strings(statement):
        if has_expressions(text):
            where, place = "inside a SQL statement", (*path, *below)
            yield from _every_expression(read(text), place, where, "", fix=bound)


def _every_expression(
    reading: Reading, path: Path, where: str, why: str, fix: str = _ENV
) -> Iterator[Fault]:
    for piece in reading.pieces:
        if piece.kind is PieceKind.STATEMENT or (
            piece.kind is PieceKind.EXPRESSION and not is_raw(piece)
        ):
            sentence = f"an expression {where} is not protected by quoting{fix}{why}"
            yield Fault(path, sentence, piece.offset)


def _until_faults(until: str, path: Path) -> Iterator[Fault]:
    if has_expressions(until):
        return
    try:
        zoned = datetime.fromisoformat(until).tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned:
        right = "a time with its zone such as 2026-01-31T08:00:00Z"
        yield Fault(path, f"must be {right}, got {until!r:.80}")
