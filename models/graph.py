"""The order of tasks: a directed acyclic graph of their keys."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from models.errors import Problem, ProblemCode, Refused
from models.similar import did_you_mean


@dataclass(frozen=True, slots=True)
class Graph:
    """`order` has each key after the keys that it needs, and otherwise keeps the given order."""

    order: tuple[str, ...]
    _needs: Mapping[str, tuple[str, ...]]
    _upstream: Mapping[str, frozenset[str]]
    _downstream: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, needs: Mapping[str, Sequence[str]]) -> Self:
        """Raises Refused with all unknown keys and all cycles."""
        problems = [
            Problem(ProblemCode.VALIDATION, sentence, ("tasks", key, "needs", str(position)))
            for key, position, sentence in graph_faults(needs)
        ]
        if problems:
            raise Refused(problems)
        order = _order(needs)
        following = _following(needs)
        return cls(
            order,
            {key: tuple(of) for key, of in needs.items()},
            _reach(order, needs),
            _reach(order[::-1], following),
        )

    def needs(self, key: str) -> tuple[str, ...]:
        """Returns the direct needs of a key; empty if it is not in the graph, such as a task of an external run."""
        return self._needs.get(key, ())

    def upstream(self, key: str) -> frozenset[str]:
        """Returns the keys that must have ended before `key` starts."""
        return self._upstream[key]

    def downstream(self, key: str) -> frozenset[str]:
        """Returns the keys that wait for `key`."""
        return self._downstream[key]


def graph_faults(needs: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, int, str]]:
    """Yields the key, the position in its needs, and a message, for each unknown need and each cycle."""
    for key, of in needs.items():
        for position, need in enumerate(of):
            if need not in needs:
                yield key, position, f"there is no task `{need}`{did_you_mean(need, needs)}"
    left = set(needs) - set(_order(needs))
    while left:
        path = _cycle(needs, left)
        yield path[0], list(needs[path[0]]).index(path[1]), f"a cycle: {' -> '.join(path)}"
        left -= set(path)
        left -= _stuck_only_by(needs, left)


def _order(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Sorts with Kahn's algorithm; keys on a cycle or behind one are missing from the result."""
    missing = {key: len({need for need in of if need in needs}) for key, of in needs.items()}
    following = _following(needs)
    ready = deque(key for key, count in missing.items() if count == 0)
    order: list[str] = []
    while ready:
        key = ready.popleft()
        order.append(key)
        for follower in following[key]:
            missing[follower] -= 1
            if missing[follower] == 0:
                ready.append(follower)
    return tuple(order)


def _following(needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    following: dict[str, list[str]] = {key: [] for key in needs}
    for key, of in needs.items():
        for need in dict.fromkeys(of):
            if need in following:
                following[need].append(key)
    return following


def _reach(order: Sequence[str], before: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    reach: dict[str, frozenset[str]] = {}
    for key in order:
        reach[key] = frozenset(before[key]).union(*(reach[near] for near in before[key]))
    return reach


def _cycle(needs: Mapping[str, Sequence[str]], left: set[str]) -> list[str]:
    """Walks upstream among the stuck keys until one repeats: each needs the next."""
    path = [next(key for key in needs if key in left)]
    while True:
        following = next(need for need in needs[path[-1]] if need in left)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)


def _stuck_only_by(needs: Mapping[str, Sequence[str]], left: set[str]) -> set[str]:
    """Returns the keys that are on no further cycle."""
    rest = {key: [need for need in needs[key] if need in left] for key in needs if key in left}
    return set(_order(rest))
