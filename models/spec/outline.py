"""The structure of a document's tasks: sections, nested foreach, and which tasks end before which.

Works on plain data, so that it also handles a document with wrong types.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.graph import Graph, graph_faults
from models.spec.document import Path
from models.states import Section


@dataclass(frozen=True, slots=True)
class Placed:
    """A task's data, its path in the document, and the foreach tasks around it, outermost first."""

    key: str
    item: Mapping[str, Any]
    path: Path
    section: Section
    around: tuple[str, ...] = ()


@dataclass(slots=True)
class Outline:
    """`before` has, for each task, the tasks whose outputs are available when it runs."""

    tasks: list[Placed] = field(default_factory=list)
    before: dict[str, frozenset[str]] = field(default_factory=dict)
    faults: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(task.key for task in self.tasks)

    @property
    def main(self) -> frozenset[str]:
        """The names that the flow's outputs, `errors` and `finally` may refer to."""
        return frozenset(
            task.key for task in self.tasks if task.section is Section.TASKS and not task.around
        )


def outline(data: Mapping[str, Any]) -> Outline:
    found = Outline()
    for section in Section:
        outer = frozenset() if section is Section.TASKS else found.main
        _add_level(found, data.get(section.value), (section.value,), section, (), outer)
    seen: set[str] = set()
    for task in found.tasks:
        if task.key in seen:
            found.faults.append((task.path, f"there is another task `{task.key}` before"))
        seen.add(task.key)
    return found


def items_of(items: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields the well-formed items of a list, with their positions."""
    for position, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and isinstance(item.get("id"), str | int):
            yield position, {**item, "id": str(item["id"])}


def _add_level(
    found: Outline,
    items: object,
    path: Path,
    section: Section,
    around: tuple[str, ...],
    outer: frozenset[str],
) -> None:
    level = {item["id"]: (position, item) for position, item in reversed([*items_of(items)])}
    needs = {key: _needs(item) for key, (_, item) in reversed(level.items())}
    upstream = {key: frozenset(needs) for key in needs}  # in a faulty graph, every task counts
    faulty = False
    for key, position, sentence in graph_faults(needs):
        faulty = True
        found.faults.append(((*path, level[key][0], "needs", position), sentence))
    if not faulty:
        graph = Graph.of(needs)
        upstream = {key: graph.upstream(key) for key in needs}
    for position, item in items_of(items):
        key = item["id"]
        found.tasks.append(Placed(key, item, (*path, position), section, around))
        before = upstream[key] | outer
        found.before.setdefault(key, before)
        if item.get("type") == "foreach":
            inner = (*path, position, "tasks")
            _add_level(found, item.get("tasks"), inner, section, (*around, key), before)


def _needs(item: Mapping[str, Any]) -> list[str]:
    needs = item.get("needs")
    return [str(need) for need in needs] if isinstance(needs, list) else []
