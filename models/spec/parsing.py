"""Parses the text of a flow into its specification, or reports all of its problems."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from pydantic import BaseModel, ValidationError

from models.errors import Problem, ProblemCode, Refused
from models.inputs.inputs import InputSpec
from models.similar import did_you_mean
from models.spec.checks import Fault, document_faults
from models.spec.document import Document, Path, read_document
from models.spec.flow import ConcurrencySpec, FlowSpec
from models.spec.input_checks import input_faults
from models.spec.newer_checks import newer_faults
from models.spec.outline import Placed, outline
from models.spec.task import ArtifactSpec, CacheSpec, RetrySpec
from models.spec.tasks import TASK_CLASSES, EscalateSpec, GroupSpec, task_classes
from models.spec.triggers import TRIGGER_TYPES, ScheduleTrigger, given_problems
from models.spec.unbuilt import take_unbuilt
from models.spec.written import as_written
from models.states import Section

_TASK_LISTS = frozenset(section.value for section in Section)
_PARTS: Mapping[str, type[BaseModel]] = {
    "retry": RetrySpec,
    "artifacts": ArtifactSpec,
    "cache": CacheSpec,
    "groups": GroupSpec,
    "escalate": EscalateSpec,
    "form": InputSpec,
    "concurrency": ConcurrencySpec,
}
_MISSING = "missing"
_MOST_FAULTS = 200
_LISTS = frozenset({"inputs", "tasks", "triggers"})
_SENTENCES: Mapping[str, str] = {
    "string_type": "must be text",
    "too_short": "must hold at least 1 item",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "dict_type": "must be a mapping, as in {{key: value}}",
    "tuple_type": "must be a list, as in [a, b]",
    "frozen_set_type": "must be a list, as in [a, b]",
    "model_type": "must be a mapping, as in {{key: value}}",
    "model_attributes_type": "must be a mapping, as in {{key: value}}",
    "list_type": "must be a list, as in [a, b]",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a finite number",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must hold at most {max_length} items",
    "string_pattern_mismatch": "must match {pattern}",
    "recursion_loop": "must not contain itself",
}


def parse_flow(source: str, *, saved: bool = False) -> FlowSpec:
    """Raises Refused with every problem of the text, with line and column.

    A document that was `saved` earlier skips the checks that were added in later releases.
    """
    document = read_document(source)
    if not isinstance(document.data, dict):
        raise Refused([document.problem((), "a flow is a mapping that begins with `id:`")])
    data = _copied(document.data)
    written = as_written(data, document.sources)
    if not saved:
        return _parsed(document, written, saved)
    try:
        return _parsed(document, written, saved)
    except (
        Refused
    ):  # it was saved when numbers were not read as text, and is valid only in this way
        return _parsed(document, data, saved)


def _parsed(document: Document, data: dict[str, Any], saved: bool) -> FlowSpec:
    problems = [*document.problems, *(() if saved else document.inexact(data))]
    for path, sentence in take_unbuilt(data):
        problems.append(document.problem(path, sentence, ProblemCode.NOT_YET))
    problems += _fault_problems(document, data, saved)
    spec: FlowSpec | None = None
    try:
        spec = FlowSpec.model_validate(data)
    except ValidationError as error:
        problems += _shape_problems(document, data, error)
    else:
        problems += _given_problems(document, spec)
    if problems or spec is None:
        raise Refused(_ordered(problems))
    tasks = outline(data).tasks
    return spec.with_sources(
        {task.key: document.text_of(task.path) for task in tasks},
        _given_to_subflows(tasks, document.sources),
    )


def _given_to_subflows(
    tasks: Iterable[Placed], sources: Mapping[Path, str]
) -> Mapping[str, Mapping[Path, str]]:
    """Returns the spelling of the inputs that subflow tasks give; the other flow decides which of them are text."""
    places = {
        (*task.path, "inputs"): task.key for task in tasks if task.item.get("type") == "subflow"
    }
    given: dict[str, dict[Path, str]] = {}
    for path, text in sources.items() if places else ():
        for length in range(3, len(path)):
            if key := places.get(path[:length]):
                given.setdefault(key, {})[path[length:]] = text
    return given


def _copied(value: Any) -> Any:
    """Returns a deep copy in which aliases share no data."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _ordered(problems: Sequence[Problem]) -> list[Problem]:
    """Returns the problems in the order of the text, without duplicates."""
    once = {(p.line, p.column, p.message): p for p in problems}
    return sorted(once.values(), key=lambda problem: (problem.line or 0, problem.column or 0))


def _fault_problems(document: Document, data: dict[str, Any], saved: bool) -> Iterator[Problem]:
    newer: Iterable[Fault] = () if saved else newer_faults(data)
    for fault in islice(chain(document_faults(data), input_faults(data), newer), _MOST_FAULTS):
        yield document.problem(fault.path, fault.message, fault.code, fault.offset)


def _shape_problems(
    document: Document, data: dict[str, Any], error: ValidationError
) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        path = _path(detail["loc"])
        if detail["type"] == "too_short" and _at(document.data, path):
            continue  # its items are not built yet, which is reported already
        if len(path) == 2 and path[0] in _LISTS and _at(data, path) is None:
            if _at(document.data, path) is None:
                yield document.problem(path, "must be a mapping, as in {id: a, type: log}")
            continue
        yield document.problem(path, _sentence(detail, path, data))


def _given_problems(document: Document, spec: FlowSpec) -> Iterator[Problem]:
    """Yields the problems of the inputs that triggers give."""
    for position, trigger in enumerate(spec.triggers):
        for problem in given_problems(spec.inputs, trigger.inputs):
            yield document.problem(("triggers", position, *problem.path), problem.message)


def _path(location: tuple[int | str, ...]) -> Path:
    """Removes the task types that pydantic adds to locations; paths in the document do not have them."""
    steps: list[int | str] = []
    for step in location:
        if not (step in TASK_CLASSES and _is_task(tuple(steps))):
            steps.append(step)
    while steps and steps[-1] == "[key]":
        steps.pop()
    return tuple(steps)


def _is_task(path: Path) -> bool:
    return len(path) > 1 and isinstance(path[-1], int) and path[-2] in _TASK_LISTS


def _at(data: Any, path: Path) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _sentence(detail: Any, path: Path, data: dict[str, Any]) -> str:
    kind = detail["type"]
    if kind == _MISSING:
        return f"`{path[-1]}` is missing"
    if kind == "extra_forbidden":
        return _unknown_key(str(path[-1]), path[:-1], data)
    if kind == "union_tag_not_found":
        return f"`type` is missing; it is one of {', '.join(task_classes())}"
    if kind == "union_tag_invalid":
        wrong = str(_at(data, (*path, "type")))
        return f"there is no task type `{wrong:.80}`; there are: {', '.join(task_classes())}"
    if kind == "literal_error":
        wrong = str(_at(data, path))
        return f"there is no trigger type `{wrong:.80}`; there is: {', '.join(TRIGGER_TYPES)}"
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(**detail.get("ctx", {}))
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    return str(detail["msg"])


def _unknown_key(key: str, path: Path, data: dict[str, Any]) -> str:
    model = _model_at(path, data)
    known = [field.alias or name for name, field in model.model_fields.items()]
    return f"`{key:.80}` is not a key of {_noun(path, data)}{did_you_mean(key, known)}"


def _model_at(path: Path, data: dict[str, Any]) -> type[BaseModel]:
    if not path:
        return FlowSpec
    if path[0] == "inputs":
        return InputSpec
    if path[0] == "triggers":
        return ScheduleTrigger
    part = path[-1] if isinstance(path[-1], str) else path[-2]
    if part in _PARTS:
        return _PARTS[str(part)]
    return task_classes()[str(_at(data, (*path, "type")))]


def _noun(path: Path, data: dict[str, Any]) -> str:
    if not path:
        return "a flow"
    if path[0] == "inputs":
        return "an input"
    if path[0] == "triggers":
        return "a trigger"
    if not _is_task(path):
        return f"`{path[-1] if isinstance(path[-1], str) else path[-2]}`"
    return f"a task of type {_at(data, (*path, 'type'))}"
