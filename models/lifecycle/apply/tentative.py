"""Properties set by attempts: visible at once, kept if the attempt succeeds, discarded if it does not.

`Tentative` has, by property, the values set, oldest first, each with the path of its task run (None: permanent). The
last one is visible. Properties that no running attempt has set are not in it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from models.lifecycle.apply.changes import merged
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import Execution

Tentative = Mapping[str, Sequence[Sequence[Any]]]


def set_properties(execution: Execution, properties: Mapping[str, Any]) -> Execution:
    """Sets properties permanently: values that attempts set before under these names are dropped."""
    left = {name: one for name, one in execution.tentative.items() if name not in properties}
    return copy_with(execution, properties=merged(execution.properties, properties), tentative=left)


def try_properties(execution: Execution, path: str, properties: Mapping[str, Any]) -> Execution:
    """Sets properties of the running attempt of the task run at `path`."""
    tentative = dict(execution.tentative)
    for name, value in properties.items():
        known = tentative.get(name)
        if known is None:
            known = [[None, execution.properties[name]]] if name in execution.properties else []
        tentative[name] = [*_without(known, path), [path, value]]
    return copy_with(
        execution, properties=merged(execution.properties, properties), tentative=tentative
    )


def keep_properties(execution: Execution, path: str) -> Execution:
    """Keeps the properties of an attempt that succeeded."""
    return _resolved(execution, path, _kept)


def discard_properties(execution: Execution, path: str) -> Execution:
    """Removes the properties of an attempt that did not succeed, as if it had set none."""
    return _resolved(execution, path, _without)


def _resolved(execution: Execution, path: str, resolve: Any) -> Execution:
    if not any(_is_by(one, path) for one in execution.tentative.values()):
        return execution
    properties = dict(execution.properties)
    tentative: dict[str, Sequence[Sequence[Any]]] = {}
    for name, known in execution.tentative.items():
        left = resolve(known, path)
        if left:
            properties[name] = left[-1][1]
        else:
            del properties[name]
        if any(by is not None for by, _ in left):
            tentative[name] = left
    return copy_with(execution, properties=properties, tentative=tentative)


def _kept(known: Sequence[Sequence[Any]], path: str) -> Sequence[Sequence[Any]]:
    """Makes the attempt's value permanent: values set before it cannot become visible again."""
    at = next((at for at, (by, _) in enumerate(known) if by == path), None)
    return known if at is None else [[None, known[at][1]], *known[at + 1 :]]


def _without(known: Sequence[Sequence[Any]], path: str) -> Sequence[Sequence[Any]]:
    return [one for one in known if one[0] != path]


def _is_by(known: Sequence[Sequence[Any]], path: str) -> bool:
    return any(by == path for by, _ in known)
