"""Custom task types: a package publishes a class under the entry point group `headway.tasks`.

The class is a `Task` whose `type` is the entry point's name, and whose method `run` does the work, in its own process
on a worker. A faulty type is logged and skipped.
"""

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, get_args

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from models.spec.task import Task

logger = logging.getLogger("headway.tasks")

GROUP = "headway.tasks"
_reserved: set[str] = set()


def reserve(names: Iterable[str]) -> None:
    """Reserves the names of the built-in types."""
    _reserved.update(names)


@cache
def installed_types() -> Mapping[str, type[Any]]:
    """Returns the installed types by name. They are read once per process: a new package needs a restart."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    loaded = {name: _loaded(point) for name, point in sorted(found.items())}
    return {name: kind for name, kind in loaded.items() if kind is not None}


def own_keys(kind: type[BaseModel]) -> Mapping[str, str]:
    """Maps an installed type's own keys, as written in documents, to its fields."""
    own = {name: field for name, field in kind.model_fields.items() if name != "type"}
    return {
        field.alias or name: name for name, field in own.items() if name not in Task.model_fields
    }


def _loaded(point: EntryPoint) -> type[BaseModel] | None:
    try:
        kind = point.load()
        fault = _fault(point.name, kind)
    except Exception as error:  # anything that a foreign package raises when it is imported
        fault = f"{type(error).__name__}: {error}"
    if fault:
        logger.error("the task type %s (%s) is ignored: %s", point.name, point.value, fault)
        return None
    found: type[BaseModel] = kind
    return found


def _fault(name: str, kind: Any) -> str | None:
    if name in _reserved:
        return "Headway has a type of this name, which cannot be replaced"
    if not (isinstance(kind, type) and issubclass(kind, Task)):
        return "it is not a subclass of models.spec.Task"
    field = kind.model_fields.get("type")
    if field is None or get_args(field.annotation) != (name,):
        return f'it must declare `type: Literal["{name}"]`'
    return None if callable(getattr(kind, "run", None)) else "it has no method `run`"


class OrInstalled:
    """Marks the union of the built-in types: installed types are accepted in the same places."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(_validate, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = handler(schema)
        for kind in installed_types().values():
            found.setdefault("oneOf", []).append(handler(kind.__pydantic_core_schema__))
        return found


def _validate(data: Any, handler: core_schema.ValidatorFunctionWrapHandler) -> Any:
    name = data.get("type") if isinstance(data, dict) else None
    kind = installed_types().get(name) if isinstance(name, str) else None
    return handler(data) if kind is None else kind.model_validate(data)
