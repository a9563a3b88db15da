"""Parses paths of task runs: of the flow's own tasks, and of tasks in an iteration of a foreach."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple


class TaskPath(NamedTuple):
    """A parsed path. `level` is the prefix of the iteration, such as `each[3].`, or empty; `parent` is the path of the
    foreach."""

    level: str
    key: str
    parent: str | None = None
    iteration: int | None = None


@lru_cache(maxsize=100_000)
def parse_path(path: str) -> TaskPath:
    """Parses a path. Cached, since a foreach with thousands of task runs needs all of them at each step."""
    around, dot, key = path.rpartition(".")
    if not dot:
        return TaskPath("", key)
    parent, _, index = around.rpartition("[")
    return TaskPath(f"{around}.", key, parent, int(index[:-1]))


def families_of(tasks: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Returns, by the path of a foreach, the paths of its iterations' task runs."""
    families: dict[str, list[str]] = {}
    for path in tasks:
        if (around := parse_path(path).parent) is not None:
            families.setdefault(around, []).append(path)
    return families
