"""Where the paths of task runs stand: among the flow's own tasks, or in an iteration of a foreach."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple


class TaskPath(NamedTuple):
    """Where a path stands: in an iteration of a foreach, or among the flow's own tasks."""

    level: str
    key: str
    parent: str | None = None
    iteration: int | None = None


@lru_cache(maxsize=100_000)
def place_of(path: str) -> TaskPath:
    """Kept, since a foreach of thousands asks for thousands at each of its steps."""
    around, dot, key = path.rpartition(".")
    if not dot:
        return TaskPath("", key)
    parent, _, index = around.rpartition("[")
    return TaskPath(f"{around}.", key, parent, int(index[:-1]))


def families_of(tasks: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """By the path of a foreach, the paths of its iterations' task runs."""
    families: dict[str, list[str]] = {}
    for path in tasks:
        if (around := place_of(path).parent) is not None:
            families.setdefault(around, []).append(path)
    return families
