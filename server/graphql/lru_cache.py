"""A bounded cache."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class LruCache(Generic[Value]):
    """A mapping that evicts the least recently used entries, by number and by weight."""

    def __init__(self, count: int, weight: int) -> None:
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._count, self._max_weight, self._weight = count, weight, 0

    def get(self, key: Hashable) -> Value | None:
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: Value, weight: int) -> None:
        if key in self._values:
            self._weight -= self._values.pop(key)[1]
        if weight > self._max_weight:
            return  # it would evict everything, itself included
        self._values[key] = (value, weight)
        self._weight += weight
        while len(self._values) > self._count or self._weight > self._max_weight:
            self._weight -= self._values.popitem(last=False)[1][1]
