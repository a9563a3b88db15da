"""Text stays as it is written, in every key of every model in a document."""

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, TypedDict, get_args

import pytest
import yaml
from pydantic import BaseModel, SecretStr

from models.errors import Refused
from models.inputs.inputs import InputSpec, InputType
from models.spec import (
    FlowSpec,
    ForeachTask,
    HttpTask,
    ScheduleTrigger,
    ShellTask,
    SqlTask,
    SubflowTask,
    given_as_written,
    parse_flow,
)
from models.spec.flow import ConcurrencySpec
from models.spec.kinds import ANYTHING, TEXT, Kind, kind_of
from models.spec.task import ArtifactSpec, CacheSpec, RetrySpec
from models.spec.tasks import TASK_CLASSES, EscalateSpec, GroupSpec

SPELLINGS = ("3.10", "1e3", "True")
"""Texts that change when they are read as YAML's number or truth value, and written again."""
WORDS = ("on", "yes", "2026-01-01", "0x1F", "1_000", "012", ".5e", "1.2.3", "12:30")
"""Texts that other YAML readers change, and this one does not."""
SHAPES: tuple[tuple[Any, Sequence[str]], ...] = (
    ("PROBE", SPELLINGS),
    (["PROBE"], SPELLINGS[:1]),
    ({"k": "PROBE"}, SPELLINGS[:1]),
)
LOG: dict[str, Any] = {"id": "t", "type": "log", "message": "m"}
LEAST: dict[type[BaseModel], dict[str, Any]] = {
    TASK_CLASSES["shell"]: {"run": "true"},
    TASK_CLASSES["python"]: {"script": "pass"},
    TASK_CLASSES["http"]: {"url": "https://x"},
    TASK_CLASSES["sql"]: {"url": "x.duckdb", "statement": "select 1"},
    TASK_CLASSES["log"]: {"message": "m"},
    TASK_CLASSES["return"]: {"outputs": {}},
    TASK_CLASSES["fail"]: {},
    TASK_CLASSES["wait"]: {"duration": 1},
    TASK_CLASSES["approval"]: {},
    TASK_CLASSES["subflow"]: {"flow": "other"},
    TASK_CLASSES["foreach"]: {"items": [1], "tasks": [{"id": "u", "type": "log", "message": "m"}]},
}
ALTERNATIVES = {"call": "script", "until": "duration", "event": "duration"}
"""Keys that are alternatives to another key."""


def of_task(item: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "f", "namespace": "n", "tasks": [{"id": "t", **item}], **more}


def of_shell(**more: Any) -> dict[str, Any]:
    return of_task({"type": "shell", "run": "true", **more})


def of_approval(**more: Any) -> dict[str, Any]:
    return of_task({"type": "approval", "timeout": 9, **more})


def document_with(model: type[BaseModel], part: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the smallest document with such a part; a model that is unknown here is new and must be added."""
    if model is FlowSpec:
        return {"id": "f", "namespace": "n", "tasks": [LOG], **part}
    if model in LEAST:
        name = get_args(model.model_fields["type"].annotation)[0]
        own = {key: value for key, value in LEAST[model].items() if key not in part}
        for key in part:
            own.pop(ALTERNATIVES.get(key, ""), None)
        return of_task({"type": name, **own, **part})
    return {
        InputSpec: lambda: of_task(LOG, inputs=[{"id": "i", "type": "STRING", **part}]),
        ScheduleTrigger: lambda: of_task(
            LOG, triggers=[{"id": "s", "type": "schedule", "cron": "0 2 * * *", **part}]
        ),
        ConcurrencySpec: lambda: of_task(LOG, concurrency={"limit": 1, **part}),
        CacheSpec: lambda: of_shell(cache={"ttl": 1, **part}),
        RetrySpec: lambda: of_shell(retry={"max_attempts": 1, **part}),
        ArtifactSpec: lambda: of_shell(artifacts=[{"path": "p", **part}]),
        GroupSpec: lambda: of_approval(groups=[{"name": "g", "users": ["u"], **part}]),
        EscalateSpec: lambda: of_approval(escalate={"after": 1, "roles": ["r"], **part}),
    }[model]()


def models_of_the_document() -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = []

    def look(annotation: Any) -> None:
        is_new = annotation not in found
        if is_new and isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found.append(annotation)
            for field in annotation.model_fields.values():
                look(field.annotation)
        for part in get_args(annotation):
            look(part)

    look(FlowSpec)
    return found


def places() -> Iterator[tuple[type[BaseModel], str, str]]:
    for model in models_of_the_document():
        for name, field in model.model_fields.items():
            yield model, name, field.alias or name


def read(document: Mapping[str, Any], spelling: str, quoted: bool) -> FlowSpec | Refused:
    source = json.dumps(document)
    assert source.count('"PROBE"') == 1
    try:
        return parse_flow(source.replace('"PROBE"', f'"{spelling}"' if quoted else spelling))
    except Refused as refused:
        return refused


def leaves(value: Any) -> Iterator[Any]:
    """Yields every value in a flow."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list | tuple | frozenset):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.parametrize(("model", "name", "key"), [*places()])
def test_plain_text_equals_quoted_text(model: type[BaseModel], name: str, key: str) -> None:
    """Holds for every key, with a single value, a list and a mapping: stored as written, or as the number that YAML
    reads."""
    accepted = []
    for shape, spellings in SHAPES:
        document = document_with(model, {key: shape})
        for spelling in spellings:
            plain, quoted = read(document, spelling, False), read(document, spelling, True)
            if isinstance(plain, Refused):
                assert isinstance(quoted, Refused), f"{spelling} is taken in quotes only"
                continue
            value = yaml.safe_load(spelling) if spelling != "1e3" else 1000.0
            held = [one for one in leaves(plain) if one in (spelling, value, str(value))]
            accepted.append(spelling)
            for one in held:
                assert not isinstance(one, str) or one == spelling
            if held and all(isinstance(one, str) for one in held):
                assert isinstance(quoted, FlowSpec)
                assert [*leaves(plain)] == [*leaves(quoted)]
    if key in MUST_TAKE_TEXT.get(model, ()):
        assert accepted


MUST_TAKE_TEXT: dict[type[BaseModel], set[str]] = {
    FlowSpec: {"description", "labels"},
    ShellTask: {"run", "interpreter", "env", "description"},
    HttpTask: {"url", "headers", "params", "body"},
    SqlTask: {"statement"},
    SubflowTask: {"flow", "namespace", "labels"},
    ScheduleTrigger: {"labels"},
    ArtifactSpec: {"path", "type", "name", "version"},
    InputSpec: {"description", "default"},
}


def test_every_word_that_is_text_stays_as_it_is() -> None:
    for word in (*WORDS, *SPELLINGS, "-0", "0.50", "1.", ".5", "+1", "1E5", "FALSE"):
        document = json.dumps(of_shell(env={"X": "PROBE"})).replace('"PROBE"', word)
        assert parse_flow(document).tasks[0].env == {"X": word}


def test_null_is_no_text_and_is_refused_with_the_fix() -> None:
    for null in ("null", "~", ""):
        source = f"id: f\nnamespace: n\nlabels: {{a: {null}}}\ntasks: [{{id: a, type: fail}}]\n"
        with pytest.raises(
            Refused, match=r"must be text, got nothing \(put the word null in quotes\)"
        ):
            parse_flow(source)


DEFAULTS: dict[InputType, Any] = {
    InputType.STRING: ("3.10", "3.10"),
    InputType.INT: ("0010.", None),
    InputType.FLOAT: ("3.10", 3.1),
    InputType.BOOL: ("True", True),
    InputType.SELECT: ("3.10", "3.10"),
    InputType.MULTISELECT: ("[3.10, 1e3]", ["3.10", "1e3"]),
    InputType.DATE: ("2026-01-01", "2026-01-01"),
    InputType.DATETIME: ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    InputType.DURATION: ("1e3", 1000.0),
    InputType.TIME: ("12:30", "12:30"),
    InputType.JSON: ("[3.10, {a: 1e3}]", [3.1, {"a": 1000.0}]),
    InputType.ARRAY: ("[3.10, True]", ["3.10", "True"]),
    InputType.URI: ("a:3.10", "a:3.10"),
    InputType.EMAIL: ("a@b.c", "a@b.c"),
    InputType.SECRET: ("3.10", None),
    InputType.FILE: ("3.10", "3.10"),
}
"""For each type the written default and the stored one; None where no such default is possible."""


@pytest.mark.parametrize("type", InputType)
def test_a_default_is_text_where_its_type_is(type: InputType) -> None:
    text, held = DEFAULTS[type]
    options = {"SELECT": ", options: [3.10, 1e3]", "MULTISELECT": ", options: [3.10, 1e3]"}
    more = options.get(type.value, ", item_type: STRING" if type is InputType.ARRAY else "")
    declared = f"{{id: i, type: {type.value}, default: {text}{more}}}"
    source = f"id: f\nnamespace: n\ninputs: [{declared}]\ntasks: [{{id: a, type: fail}}]\n"
    if held is None:
        with pytest.raises(Refused):
            parse_flow(source)
        return
    (spec,) = parse_flow(source).inputs
    assert (spec.default, spec.options) == (held, ("3.10", "1e3") if type.value in options else ())


GIVEN = """id: f
namespace: n
labels: &l {py: 3.10}
inputs:
  - {id: version, type: STRING}
  - {id: versions, type: MULTISELECT, options: [3.10, 3.9]}
  - {id: share, type: FLOAT}
triggers:
  - {id: s, type: schedule, cron: "0 2 * * *", labels: *l, inputs: {version: 3.10, versions: [3.10], share: 3.10}}
tasks:
  - {id: each, type: foreach, items: [1.0], tasks: [
      {id: sub, type: subflow, flow: f, inputs: {version: 1e3, versions: [3.10, "3.9"], share: 3.10}}]}
  - {id: twice, type: shell, run: "true", env: *l}
"""


def test_inputs_from_a_document_are_text_if_the_flow_declares_text() -> None:
    flow = parse_flow(GIVEN)
    (trigger,) = flow.triggers
    assert trigger.inputs == {"version": "3.10", "versions": ["3.10"], "share": 3.1}
    assert trigger.labels == flow.tasks[1].env == {"py": "3.10"}
    each = flow.tasks[0]
    assert isinstance(each, ForeachTask)
    (sub,) = each.tasks
    assert isinstance(sub, SubflowTask)
    assert sub.inputs == {"version": 1000.0, "versions": [3.1, "3.9"], "share": 3.1}
    given = given_as_written(flow.inputs, sub.inputs, flow.given_by("sub"))
    assert given == {"version": "1e3", "versions": ["3.10", "3.9"], "share": 3.1}
    assert flow.given_by("twice") == {}


def test_a_number_too_long_for_yaml_is_text_where_text_is_expected() -> None:
    long = "123456789012345678901"
    flow = parse_flow(
        f"id: f\nnamespace: n\nlabels: {{a: {long}}}\ntasks: [{{id: a, type: fail}}]\n"
    )
    assert flow.labels == {"a": long}


def test_a_revision_that_holds_together_only_as_it_was_read_before_is_read_like_that() -> None:
    source = """id: f
namespace: n
inputs: [{id: i, type: SELECT, options: [3.10, 3.9], default: "3.1"}]
tasks: [{id: a, type: fail, env: {PY: 3.10}}]
"""
    with pytest.raises(Refused):
        parse_flow(source)
    flow = parse_flow(source, saved=True)
    assert (flow.inputs[0].options, flow.tasks[0].env) == (("3.1", "3.9"), {"PY": "3.1"})


class _Mixed(Enum):
    WORD = "w"
    NUMBER = 1


class _Words(StrEnum):
    NEW = "3.10"


class _Part(BaseModel):
    version: str


@dataclass
class _Data:
    version: str


class _Typed(TypedDict):
    version: str


_Name = NewType("_Name", str)
MANY = Kind(item=TEXT)


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str, TEXT),
        (_Name, TEXT),
        (Annotated[str, "any"], TEXT),
        (SecretStr, TEXT),
        (Path, TEXT),
        (date, TEXT),
        (_Words, Kind(text=True, words=("3.10",))),
        (_Mixed, Kind(text=True, words=("w", 1))),
        (Literal["3.10", 2], Kind(text=True, words=("3.10", 2))),
        (str | None, Kind(text=True, types=frozenset({types.NoneType}))),
        (int | str, Kind(text=True, types=frozenset({int}))),
        (list[str], MANY),
        (tuple[str, ...], MANY),
        (set[str], MANY),
        (dict[str, list[str]], Kind(value=MANY)),
        (_Part, Kind(models=(_Part,))),
        (_Data, Kind(models=(_Data,))),
        (_Typed, Kind(models=(_Typed,))),
        (Any, ANYTHING),
        (dict, Kind(value=ANYTHING)),
        (list, Kind(item=ANYTHING)),
        (int, Kind(types=frozenset({int}))),
    ],
    ids=str,
)
def test_the_annotations_that_task_types_of_people_may_have(annotation: Any, kind: Kind) -> None:
    assert kind_of(annotation) == kind


def test_a_number_stays_a_number_where_numbers_are_allowed() -> None:
    assert kind_of(int | str).keeps(3)
    assert not kind_of(int | str).keeps(3.1)
    assert kind_of(float | str).keeps(3)
    assert not kind_of(float | str).keeps(True)
    assert kind_of(Literal["a", 2]).keeps(2)
    assert not kind_of(Literal["a", 2]).keeps(2.0)
