"""Inputs of a flow: their declarations, and the values that an execution is started with."""

from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from models.errors import Problem, ProblemCode, Refused
from models.expressions import has_expressions, read, strings
from models.inputs.input_types import READERS, InputType, items_of, shown
from models.inputs.values import Key, Keys, Part, Text, Texts, Word
from models.payloads import check_payload
from models.similar import did_you_mean

__all__ = [
    "InputSpec",
    "InputType",
    "coerce",
    "input_sentence",
    "names_in_default",
    "validate_inputs",
]

_OF_TYPES: Mapping[str, frozenset[InputType]] = {
    "options": frozenset({InputType.SELECT, InputType.MULTISELECT}),
    "min": frozenset({InputType.INT, InputType.FLOAT}),
    "max": frozenset({InputType.INT, InputType.FLOAT}),
    "min_length": frozenset({InputType.STRING}),
    "max_length": frozenset({InputType.STRING}),
    "pattern": frozenset({InputType.STRING}),
    "item_type": frozenset({InputType.ARRAY}),
}
_NO_ITEMS = frozenset(
    {InputType.ARRAY, InputType.SELECT, InputType.MULTISELECT, InputType.SECRET, InputType.FILE}
)


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


class InputSpec(Part):
    """One declared input. `default` may hold an expression; `pattern` must match the whole text.

    An input that `depends_on` others is requested only if `when` is true or, without `when`, if those have values.
    """

    id: Key
    type: Annotated[InputType, Word(InputType)]
    required: Annotated[bool, Field(strict=True)] = False
    default: Any = None
    description: Text | None = None
    options: Texts = ()
    min: Annotated[float, Field(strict=True)] | None = None
    max: Annotated[float, Field(strict=True)] | None = None
    min_length: Annotated[int, Field(strict=True, ge=0)] | None = None
    max_length: Annotated[int, Field(strict=True, ge=0)] | None = None
    pattern: Annotated[str, Field(max_length=1000)] | None = None
    item_type: Annotated[InputType, Word(InputType)] | None = None
    depends_on: Annotated[Keys, BeforeValidator(_one_or_many)] = ()
    when: Text | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        for key, types in _OF_TYPES.items():
            if key in self.model_fields_set and self.type not in types:
                raise ValueError(f"`{key}` belongs to {' and '.join(sorted(types))} inputs only")
        self._check_bounds()
        self._check_secrecy()
        if self.default is not None and not has_expressions(self.default):
            try:
                coerce(self, self.default)
            except ValueError as error:
                raise ValueError(input_sentence("the default", error)) from None
        return self

    def _check_secrecy(self) -> None:
        if self.type is InputType.SECRET and self.default is not None:
            raise ValueError(
                "a SECRET input takes no default, which everyone could read; use secrets.NAME in the task"
            )
        if self.when is not None and not self.depends_on:
            raise ValueError("`when` needs `depends_on`: name there the inputs that it uses")

    def _check_bounds(self) -> None:
        if self.type in _OF_TYPES["options"] and not self.options:
            raise ValueError(f"a {self.type} input needs `options`, as in options: [a, b]")
        if self.type is InputType.ARRAY and (self.item_type is None or self.item_type in _NO_ITEMS):
            raise ValueError("an ARRAY input needs `item_type`, as in item_type: STRING")
        for low, high in ((self.min, self.max), (self.min_length, self.max_length)):
            if low is not None and high is not None and low > high:
                raise ValueError(f"the minimum, {low:g}, is greater than the maximum, {high:g}")
        if self.pattern is not None:
            try:
                _matcher(self.pattern)
            except SchemaError as error:
                reason = " ".join(str(error).split())
                raise ValueError(
                    f"the pattern is not a valid regular expression: {reason:.200}"
                ) from None


def names_in_default(default: Any) -> Mapping[str, frozenset[str]]:
    """Returns the names that a default's expressions use, by root: input names under `inputs`, none for others."""
    found: dict[str, set[str]] = {}
    for _, text in strings(default) if has_expressions(default) else ():
        for reference in read(text).references:
            names = found.setdefault(reference.root, set())
            if reference.root == "inputs" and reference.name:
                names.add(reference.name)
    return {root: frozenset(names) for root, names in found.items()}


def validate_inputs(
    specs: Sequence[InputSpec],
    given: Mapping[str, Any],
    evaluated: Mapping[str, Any] | None = None,
    *,
    absent: Container[str] = (),
) -> dict[str, Any]:
    """Returns the value of every declared input, or None, ready to be stored as JSON.

    `evaluated` are the values of the defaults that are expressions. null counts as not given. Inputs in `absent`, whose
    condition does not hold, are None even if a value was given. The caller still has to encrypt SECRET values and to
    look up FILE values. Raises Refused with all problems.
    """
    known = {spec.id: spec for spec in specs}
    problems = [
        _problem(name, f"there is no input `{name:.80}`{did_you_mean(name, known)}")
        for name in given
        if name not in known
    ]
    values: dict[str, Any] = {}
    for spec in specs:
        if spec.id in absent:
            values[spec.id] = None
            continue
        value = given.get(spec.id)
        if value is None:
            value = (
                (evaluated or {}).get(spec.id) if has_expressions(spec.default) else spec.default
            )
        try:
            values[spec.id] = _value(spec, value)
        except ValueError as error:
            problems.append(_problem(spec.id, input_sentence(spec.id, error)))
    problems += _too_large(values)
    if problems:
        raise Refused(problems)
    return values


def input_sentence(name: str, error: ValueError) -> str:
    """Puts an input's name before the error of `coerce`: `day must be a date`, `regions[1] must be text`."""
    end = str(error)
    return f"{name}{end}" if end.startswith("[") else f"{name} {end}"


def _problem(name: str, sentence: str) -> Problem:
    return Problem(ProblemCode.VALIDATION, sentence, ("inputs", name))


def _too_large(values: Mapping[str, Any]) -> Sequence[Problem]:
    try:
        check_payload(values, "inputs")
    except Refused as refused:
        return refused.problems
    return ()


def _value(spec: InputSpec, value: Any) -> Any:
    if value is None:
        if spec.required:
            raise ValueError("is required")
        return None
    return coerce(spec, value)


def coerce(spec: InputSpec, value: Any) -> Any:
    """Returns the value as it is stored. Raises ValueError with the end of a sentence: `must be ...`."""
    if spec.type is InputType.STRING:
        return _string(spec, value)
    if spec.type in {InputType.INT, InputType.FLOAT}:
        return _bounded(spec, READERS[spec.type](value))
    if spec.type is InputType.SELECT:
        return _option(spec, value)
    if spec.type is InputType.MULTISELECT:
        return list(dict.fromkeys(_option(spec, item) for item in items_of(value)))
    if spec.type is InputType.ARRAY:
        return _array(spec, value)
    return READERS[spec.type](value)


def _string(spec: InputSpec, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, got {shown(value)}")
    if spec.min_length is not None and len(value) < spec.min_length:
        raise ValueError(f"must have at least {spec.min_length} characters, got {len(value)}")
    if spec.max_length is not None and len(value) > spec.max_length:
        raise ValueError(f"must have at most {spec.max_length} characters, got {len(value)}")
    if spec.pattern is not None:
        try:
            _matcher(spec.pattern).validate_python(value)
        except ValidationError:
            raise ValueError(f"must match {spec.pattern}, got {shown(value)}") from None
    return value


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> SchemaValidator:
    """Compiles a matcher that takes time linear in the text, so that no pattern can block the server."""
    return SchemaValidator(
        core_schema.str_schema(pattern=rf"\A(?:{pattern})\z", regex_engine="rust-regex")
    )


def _bounded(spec: InputSpec, number: int | float) -> int | float:
    if spec.min is not None and number < spec.min:
        raise ValueError(f"must be at least {spec.min:g}, got {number}")
    if spec.max is not None and number > spec.max:
        raise ValueError(f"must be at most {spec.max:g}, got {number}")
    return number


def _option(spec: InputSpec, value: Any) -> str:
    if value in spec.options and isinstance(value, str):
        return value
    raise ValueError(f"must be one of {', '.join(spec.options)}, got {shown(value)}")


def _array(spec: InputSpec, value: Any) -> list[Any]:
    assert spec.item_type is not None
    item_spec = InputSpec.model_construct(id=spec.id, type=spec.item_type)
    items = []
    for position, item in enumerate(items_of(value)):
        try:
            items.append(coerce(item_spec, item))
        except ValueError as error:
            raise ValueError(f"[{position}] {error}") from None
    return items
