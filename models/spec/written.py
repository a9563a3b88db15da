"""Keeps the spelling of text: `3.10` is a number in YAML, but remains `3.10` where the document takes text.

Where numbers or booleans are allowed as well, it is one; null always means no value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from models.inputs.input_types import TEXTS, InputType
from models.inputs.inputs import InputSpec
from models.spec.document import Path
from models.spec.flow import FlowSpec
from models.spec.kinds import ANYTHING, TEXT, Kind, Model, kinds_of

Sources = Mapping[Path, str]
"""The spelling of each plain scalar that is not text in YAML, by its path."""


def as_written(data: dict[str, Any], sources: Sources) -> dict[str, Any]:
    """Returns the data of a flow's document, with the original spelling where it takes text."""
    if not sources:
        return data
    writer = _Writer(sources)
    written = writer.fields(FlowSpec, data, ())
    if isinstance(triggers := written.get("triggers"), list):
        declared = {str(one["id"]): kind_of_default(one) for one in _declared(data.get("inputs"))}
        places = [("triggers", position, "inputs") for position in range(len(triggers))]
        written["triggers"] = list(map(partial(_started, writer, declared), triggers, places))
    return written


def _started(writer: "_Writer", declared: Mapping[str, Kind], trigger: Any, path: Path) -> Any:
    """Returns a trigger; its inputs have the types that the flow declares."""
    given = trigger.get("inputs") if isinstance(trigger, dict) else None
    return (
        {**trigger, "inputs": writer.named(declared, given, path)}
        if isinstance(given, dict)
        else trigger
    )


def given_as_written(
    specs: Iterable[InputSpec], given: Mapping[str, Any], sources: Sources
) -> Mapping[str, Any]:
    """Returns the inputs given to a flow with these declarations, with the original spelling where they are text."""
    if not sources:
        return given
    kinds = {spec.id: _kind_of_input(spec.type, spec.item_type) for spec in specs}
    return _Writer(sources).named(kinds, given, ())


def kind_of_default(declared: Mapping[str, Any]) -> Kind:
    """Returns the kind of an input's values; the declaration may be invalid."""
    return _kind_of_input(declared.get("type"), declared.get("item_type"))


def _kind_of_input(type: Any, item_type: Any) -> Kind:
    if not isinstance(type, str):
        return ANYTHING
    if type == InputType.ARRAY:
        return Kind(item=_kind_of_input(item_type, None))
    if type == InputType.MULTISELECT:
        return Kind(item=TEXT)
    return TEXT if type in TEXTS else ANYTHING


def _declared(inputs: Any) -> Iterable[Mapping[str, Any]]:
    items = inputs if isinstance(inputs, list) else ()
    return (one for one in items if isinstance(one, dict) and "id" in one)


@dataclass(frozen=True, slots=True)
class _Writer:
    sources: Sources

    def _write(self, kind: Kind, data: Any, path: Path) -> Any:
        if isinstance(data, dict):
            return self._mapping(kind, data, path)
        if isinstance(data, list):
            if kind.item is None:
                return data
            return [self._write(kind.item, item, (*path, n)) for n, item in enumerate(data)]
        if data is None or path not in self.sources or kind.keeps(data):
            return data
        takes_text = kind.text or (kind.item is not None and kind.item.text)
        return self.sources[path] if takes_text else data

    def _mapping(self, kind: Kind, data: dict[str, Any], path: Path) -> Any:
        if model := kind.model_of(data):
            return self.fields(model, data, path)
        if kind.value is None:
            return data
        return {key: self._write(kind.value, item, (*path, key)) for key, item in data.items()}

    def fields(self, model: Model, data: Mapping[str, Any], path: Path) -> dict[str, Any]:
        kinds = kinds_of(model)
        if model is InputSpec:
            kinds = {**kinds, "default": kind_of_default(data)}
        return self.named(kinds, data, path)

    def named(
        self, kinds: Mapping[str, Kind], data: Mapping[str, Any], path: Path
    ) -> dict[str, Any]:
        return {
            key: self._write(kinds.get(key, ANYTHING), item, (*path, key))
            for key, item in data.items()
        }
