"""Derives from the annotations of the models where a document takes text, so that no new key can be forgotten."""

import types
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, is_dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUserError
from typing_extensions import TypeAliasType, is_typeddict

from models.inputs.values import AsText
from models.spec.installed import OrInstalled, installed_types

_NO_TEXT = (int, float, bool, types.NoneType)
_UNIONS = (Union, types.UnionType)
Model = Any
"""A class: a pydantic model, a dataclass or a TypedDict."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The values allowed at a place: text; other values, by their `types` or listed in `words`; lists of `item`;
    mappings to `value`; mappings that are one of `models`, chosen by the literals that their keys require."""

    text: bool = False
    types: frozenset[type] = frozenset()
    words: tuple[Any, ...] = ()
    item: "Kind | None" = None
    value: "Kind | None" = None
    models: tuple[Model, ...] = ()
    installed: bool = False

    def keeps(self, value: Any) -> bool:
        """Returns whether a number or boolean is allowed at this place without conversion to text."""
        if any(type(word) is type(value) and word == value for word in self.words):
            return True
        return type(value) in self.types or (type(value) is int and float in self.types)

    def model_of(self, data: Mapping[str, Any]) -> Model | None:
        """Returns the model of a mapping, chosen by its literals and then by its keys."""
        name = data.get("type")
        if self.installed and isinstance(name, str) and name in installed_types():
            return installed_types()[name]
        if len(self.models) == 1:
            return self.models[0]
        fitting = [model for model in self.models if _holds_words(model, data)]
        return next((m for m in fitting if data.keys() <= kinds_of(m).keys()), None) or next(
            iter(fitting), None
        )


ANYTHING = Kind()
TEXT = Kind(text=True)


def _holds_words(model: Model, data: Mapping[str, Any]) -> bool:
    """Returns whether each key that requires a literal has it."""
    return all(data[key] in words for key, words in _words_of(model).items() if key in data)


@cache
def _words_of(model: Model) -> Mapping[str, tuple[Any, ...]]:
    words = {key: _literals(annotation) for key, annotation in _annotations(model).items()}
    return {key: some for key, some in words.items() if some}


def _literals(annotation: Any) -> tuple[Any, ...]:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_args(annotation) if get_origin(annotation) is Literal else ()


@cache
def kinds_of(model: Model) -> Mapping[str, Kind]:
    """Returns the kinds by key, as written in documents."""
    return {key: kind_of(annotation) for key, annotation in _annotations(model).items()}


def _annotations(model: Model) -> Mapping[str, Any]:
    if not issubclass(model, BaseModel):
        return get_type_hints(model, include_extras=True)
    return {
        field.alias or name: Annotated[field.annotation, *field.metadata]
        if field.metadata
        else field.annotation
        for name, field in model.model_fields.items()
    }


def kind_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Kind:
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata = (*metadata, *more)
        elif isinstance(annotation, TypeAliasType):
            annotation = annotation.__value__
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        else:
            break
    if any(isinstance(one, AsText) for one in metadata):
        return Kind(text=True, item=TEXT)
    kind = _kind_of_plain(annotation)
    if any(isinstance(one, OrInstalled) for one in metadata):
        return Kind(models=kind.models, installed=True)
    return kind


def _kind_of_plain(annotation: Any) -> Kind:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in _UNIONS:
        return _union([kind_of(one) for one in arguments])
    if origin is Literal:
        return Kind(text=any(isinstance(one, str) for one in arguments), words=arguments)
    container = origin or annotation
    if not isinstance(container, type) or container in (Any, object):
        return ANYTHING
    if container in _NO_TEXT:
        return Kind(types=frozenset({container}))
    if issubclass(container, Enum):
        words = tuple(one.value for one in container)
        return Kind(text=any(isinstance(one, str) for one in words), words=words)
    if issubclass(container, BaseModel) or is_dataclass(container) or is_typeddict(container):
        return Kind(models=(container,))
    return _kind_of_many(container, arguments, annotation)


def _kind_of_many(container: type[Any], arguments: tuple[Any, ...], annotation: Any) -> Kind:
    if issubclass(container, str):
        return TEXT
    if issubclass(container, Mapping):
        return Kind(value=kind_of(arguments[1]) if len(arguments) > 1 else ANYTHING)
    if issubclass(container, Sequence | Set) and container is not bytes:
        return Kind(item=_union([kind_of(one) for one in arguments if one is not ...]))
    return TEXT if _reads_text(annotation) else ANYTHING


def _union(kinds: Sequence[Kind]) -> Kind:
    """Merges the kinds of a union. The first list and the first mapping count."""
    return Kind(
        any(kind.text for kind in kinds),
        frozenset().union(*(kind.types for kind in kinds)),
        tuple(word for kind in kinds for word in kind.words),
        next((kind.item for kind in kinds if kind.item), None),
        next((kind.value for kind in kinds if kind.value), None),
        tuple(model for kind in kinds for model in kind.models),
        any(kind.installed for kind in kinds),
    )


def _reads_text(annotation: Any) -> bool:
    """Returns whether any other type, such as a path or a date, is text in JSON."""
    try:
        schema = TypeAdapter(annotation).json_schema()
    except PydanticUserError:
        return False
    return any(one.get("type") == "string" for one in (schema, *schema.get("anyOf", ())))
