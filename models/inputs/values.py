"""The types of values in a flow document, each with the error message for a wrong value."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import core_schema

from models.durations import parse_duration
from models.expressions import has_expressions

KEY_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,99}$"
NAMESPACE_PATTERN = r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$"
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
DURATION_PATTERN = r"^(\d+(\.\d+)?(ms|[smhdw])\s*)+$|^P[0-9WDTHMS.]+$|^\d+(\.\d+)?$"


class Part(BaseModel):
    """A part of a flow document: immutable, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False)


def _matching(pattern: str, sentence: str, longest: int) -> Callable[[object], str]:
    compiled = re.compile(pattern.removeprefix("^").removesuffix("$"), re.ASCII)

    def check(value: object) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or len(value) > longest or not compiled.fullmatch(value):
            raise ValueError(f"{sentence}, got {value!r:.80}")
        return value

    return check


Key = Annotated[
    str,
    BeforeValidator(
        _matching(
            KEY_PATTERN, "must be 1 to 100 of a-z 0-9 _ - and start with a letter or digit", 100
        )
    ),
    WithJsonSchema({"type": "string", "pattern": KEY_PATTERN}),
]
Namespace = Annotated[
    str,
    BeforeValidator(
        _matching(NAMESPACE_PATTERN, "must be parts of a-z 0-9 _ - joined by dots", 200)
    ),
    WithJsonSchema({"type": "string", "pattern": NAMESPACE_PATTERN}),
]


def _text(value: object) -> str:
    """Reads text; numbers and booleans become text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"must be text, got {_kind(value)}")
    return value


def _kind(value: object) -> str:
    if value is None:
        return "nothing (put the word null in quotes)"
    return "a list" if isinstance(value, list) else "a mapping"


Text = Annotated[
    str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
Seconds = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": ["string", "number"], "pattern": DURATION_PATTERN, "minimum": 0}),
]


def _seconds_or_expression(value: object) -> float | str:
    if isinstance(value, str) and has_expressions(value):
        return value
    return parse_duration(value)


SecondsOrExpression = Annotated[
    float | str,
    BeforeValidator(_seconds_or_expression),
    WithJsonSchema({"type": ["string", "number"], "minimum": 0}),
]


def _condition(value: object) -> bool | str:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and has_expressions(value):
        return value
    raise ValueError(
        f"must be true, false or an expression, as in '{{{{ inputs.x > 1 }}}}', got {value!r:.80}"
    )


Condition = Annotated[
    bool | str, BeforeValidator(_condition), WithJsonSchema({"type": ["boolean", "string"]})
]


@dataclass(frozen=True)
class Word:
    """An enum in YAML: its values, or its values in lower case."""

    enum: type[StrEnum]
    lower: bool = False

    @property
    def members(self) -> dict[str, StrEnum]:
        return {(word.value.lower() if self.lower else word.value): word for word in self.enum}

    def check(self, value: object) -> StrEnum:
        if isinstance(value, str) and value in self.members:
            return self.members[value]
        raise ValueError(f"must be one of {', '.join(self.members)}, got {value!r:.80}")

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.members)}


@dataclass(frozen=True)
class AsText:
    """Marks a place that converts any value to text and keeps the spelling of the document."""


def _listed(value: object) -> object:
    """Checks that the value is a list without duplicates."""
    if not isinstance(value, list):
        raise ValueError("must be a list, as in [a, b]")
    for position, item in enumerate(value):
        if item in value[:position]:
            raise ValueError(f"contains {item!r:.80} twice")
    return value


Keys = Annotated[tuple[Key, ...], BeforeValidator(_listed)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]


def _environment(value: object) -> object:
    if isinstance(value, Mapping):
        for name in value:
            if not re.fullmatch(VARIABLE_PATTERN[1:-1], name, re.ASCII):
                raise ValueError(f"{name!r:.80} is not a valid name of an environment variable")
            if name.startswith("HEADWAY_"):
                raise ValueError(
                    f"{name!r:.80}: variables that start with HEADWAY_ are set by Headway only"
                )
    return value


Environment = Annotated[dict[str, Text], BeforeValidator(_environment)]


EVENT_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$"
check_event_name = _matching(
    EVENT_PATTERN, "must be 1 to 100 of A-Z a-z 0-9 . _ : / - and start with a letter or digit", 100
)
EventName = Annotated[
    str,
    BeforeValidator(check_event_name),
    WithJsonSchema({"type": "string", "pattern": EVENT_PATTERN}),
]
