"""What a flow document must hold beyond the shape of each key: references, expressions, the graph.

Looks at the plain data, so that it finds what it can in a document whose shapes are wrong too.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from models.errors import ProblemCode, Refused
from models.expressions import Reading, Reference, has_expressions, is_raw, read, strings
from models.graph import Graph, graph_faults
from models.labels import check_labels
from models.schedule import TRIGGER_NAMES
from models.shell import SHELLS, PieceKind, unsafe_places
from models.similar import did_you_mean
from models.spec.document import Path

_ALWAYS = frozenset({"execution", "flow", "trigger", "labels", "env"})
_IN_TASKS = _ALWAYS | {"inputs", "outputs", "task"}
_IN_TRIGGERS = frozenset({"trigger", "flow", "labels"})
_IN_OUTPUTS = _ALWAYS | {"inputs", "outputs"}
_NOT_YET_NAMES: Mapping[str, str] = {
    "secrets": "`secrets` is part of the flow language but not built yet; remove it",
    "item": "`item` belongs to foreach tasks, which are not built yet; remove it",
    "index": "`index` belongs to foreach tasks, which are not built yet; remove it",
}
_EVALUATED: Mapping[str, frozenset[str]] = {
    "shell": frozenset({"run"}),
    "python": frozenset({"script", "args"}),
    "http": frozenset({"url", "headers", "params", "json", "body"}),
    "log": frozenset({"message"}),
    "return": frozenset({"outputs"}),
    "fail": frozenset({"message"}),
    "wait": frozenset({"duration", "until"}),
    "approval": frozenset({"message"}),
}
_ENV = "; give the value through `env:` and read the variable there"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a path; `offset` counts within the text that stands there."""

    path: Path
    message: str
    offset: int | None = None
    code: ProblemCode = ProblemCode.VALIDATION


@dataclass(frozen=True, slots=True)
class _Names:
    """What an expression at some place may refer to. `tasks` are those whose outputs are there."""

    roots: frozenset[str]
    inputs: frozenset[str] | None
    tasks: frozenset[str]
    all_tasks: frozenset[str]
    user: str | None = None


def document_faults(data: Mapping[str, Any]) -> Iterator[Fault]:
    """Everything that spans several keys of a document, or lies inside its texts."""
    yield from _label_faults(data.get("labels"))
    yield from _duplicates(data, "inputs", "input")
    yield from _duplicates(data, "tasks", "task")
    yield from _duplicates(data, "triggers", "trigger")
    needs = _needs(data)
    positions = {item["id"]: position for position, item in _items(data, "tasks")}
    faulty = False
    for key, position, sentence in graph_faults(needs):
        faulty = True
        yield Fault(("tasks", positions[key], "needs", position), sentence)
    upstream = {key: frozenset(needs) for key in needs}
    if not faulty:
        graph = Graph.of(needs)
        upstream = {key: graph.upstream(key) for key in needs}
    yield from _expression_faults(data, upstream)


def _items(data: Mapping[str, Any], key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The well-formed items of a list, with their positions."""
    items = data.get(key)
    for position, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and isinstance(item.get("id"), str | int):
            yield position, {**item, "id": str(item["id"])}


def _needs(data: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, item in _items(data, "tasks"):
        needs = item.get("needs")
        found.setdefault(item["id"], [str(x) for x in needs] if isinstance(needs, list) else [])
    return found


def _duplicates(data: Mapping[str, Any], key: str, noun: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for position, item in _items(data, key):
        if item["id"] in seen:
            yield Fault((key, position, "id"), f"there is another {noun} `{item['id']}` before")
        seen.add(item["id"])


def _label_faults(labels: object, path: Path = ()) -> Iterator[Fault]:
    if not isinstance(labels, dict):
        return
    try:
        check_labels({key: str(value) for key, value in labels.items()})
    except Refused as refused:
        for problem in refused.problems:
            yield Fault((*path, *problem.path), problem.message)


def _expression_faults(
    data: Mapping[str, Any], upstream: Mapping[str, frozenset[str]]
) -> Iterator[Fault]:
    inputs = frozenset(item["id"] for _, item in _items(data, "inputs"))
    tasks = frozenset(upstream)
    for position, item in _items(data, "inputs"):
        names = _Names(_ALWAYS, inputs, frozenset(), tasks)
        for key, value in item.items():
            path: Path = ("inputs", position, key)
            yield from _values(value, path, names) if key == "default" else _none(value, path)
    for position, item in _items(data, "tasks"):
        yield from _task(item, ("tasks", position), inputs, upstream)
    yield from _values(data.get("outputs"), ("outputs",), _Names(_IN_OUTPUTS, inputs, tasks, tasks))
    for key, value in data.items():
        if key not in {"inputs", "tasks", "outputs", "triggers", "description"}:
            yield from _none(value, (key,))
    for position, item in _items(data, "triggers"):
        yield from _trigger(item, ("triggers", position))


def _trigger(item: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    yield from _label_faults(item.get("labels"), path)
    for key, value in item.items():
        if key == "inputs":
            yield from trigger_input_faults(value, (*path, key))
        else:
            yield from _none(value, (*path, key))


def trigger_input_faults(inputs: Any, path: Path = ("inputs",)) -> Iterator[Fault]:
    """What is wrong with the expressions of the inputs that a schedule gives."""
    yield from _values(inputs, path, _Names(_IN_TRIGGERS, None, frozenset(), frozenset()))
    for below, text in strings(inputs):
        for reference in read(text).references if has_expressions(text) else ():
            if reference.root == "trigger" and reference.name not in {None, *TRIGGER_NAMES}:
                sentence = f"a schedule's trigger has no `{reference.name}`"
                known = did_you_mean(str(reference.name), TRIGGER_NAMES)
                yield Fault((*path, *below), sentence + known, reference.offset)


def _task(
    item: Mapping[str, Any],
    path: Path,
    inputs: frozenset[str],
    upstream: Mapping[str, frozenset[str]],
) -> Iterator[Fault]:
    key, kind = item["id"], str(item.get("type"))
    names = _Names(_IN_TASKS, inputs, upstream.get(key, frozenset()), frozenset(upstream), key)
    for name, value in item.items():
        place = (*path, name)
        if kind not in _EVALUATED:
            continue
        if name == "env" or name in _EVALUATED[kind]:
            yield from _values(value, place, names)
        elif name != "description":
            yield from _none(value, place)
    if kind == "shell" and isinstance(item.get("run"), str):
        yield from _shell_faults(item["run"], (*path, "run"), item.get("interpreter"))
    if kind == "python" and isinstance(item.get("script"), str):
        yield from _script_faults(item["script"], (*path, "script"))
    if kind == "wait" and isinstance(item.get("until"), str):
        yield from _until_faults(item["until"], (*path, "until"))


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
    if root in _NOT_YET_NAMES:
        yield Fault(path, _NOT_YET_NAMES[root], offset, ProblemCode.NOT_YET)
    elif root not in names.roots:
        where = "" if root not in _IN_TASKS else " here"
        sentence = f"`{root}` is no name that expressions know{where}"
        yield Fault(path, sentence + did_you_mean(root, names.roots), offset)
    elif reference.name is None:
        return
    elif root == "inputs" and names.inputs is not None and reference.name not in names.inputs:
        sentence = (
            f"there is no input `{reference.name}`{did_you_mean(reference.name, names.inputs)}"
        )
        yield Fault(path, sentence, offset)
    elif root == "outputs" and reference.name not in names.tasks:
        yield Fault(path, _no_outputs(reference.name, names), offset)


def _no_outputs(task: str, names: _Names) -> str:
    if task not in names.all_tasks:
        dashed = next((key for key in names.all_tasks if key.startswith(f"{task}-")), None)
        if dashed is not None:
            return f"there is no task `{task}`; write outputs['{dashed}']"
        return f"there is no task `{task}`{did_you_mean(task, names.all_tasks)}"
    if task == names.user:
        return f"`{task}` has no outputs before it has run"
    return (
        f"the outputs of `{task}` are not there yet when `{names.user}` runs; "
        f"add `{task}` to its `needs`"
    )


def _shell_faults(run: str, path: Path, interpreter: object) -> Iterator[Fault]:
    if not has_expressions(run):
        return
    reading = read(run)
    shell = _shell_of(interpreter)
    if shell is None:
        where = "; quoting is for POSIX shells (bash, sh, dash)"
        yield from _every_expression(reading, path, "in a script of this interpreter", where)
        return
    for wrong in reading.foreign_statements:
        yield Fault(path, wrong.message, wrong.offset)
    if not reading.misreadings:
        for offset, sentence in unsafe_places(reading.pieces, is_raw, bash=shell == "bash"):
            yield Fault(path, sentence, offset)


def _shell_of(interpreter: object) -> str | None:
    """The name of the POSIX shell that an interpreter's command line starts, if it does."""
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
        where = "; or through `args:`, which the script finds in headway.args"
        yield from _every_expression(read(script), path, "inside a Python `script`", where)


def _every_expression(reading: Reading, path: Path, where: str, why: str) -> Iterator[Fault]:
    for piece in reading.pieces:
        if piece.kind is PieceKind.STATEMENT or (
            piece.kind is PieceKind.EXPRESSION and not is_raw(piece)
        ):
            sentence = f"an expression {where} is not protected by quoting{_ENV}{why}"
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
