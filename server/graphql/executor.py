"""An executor with a fast path for plain fields: attributes, and objects whose fields are all plain.

For each field the stock executor creates a path, a resolve info and several calls; here plain fields are read and
serialised directly. All other fields (with a resolver, arguments, an awaitable, an error, an unexpected null) use the
stock executor, so that the responses are equal.
"""

from asyncio import iscoroutine
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self, cast
from weakref import WeakMethod

from graphql import (
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLResolveInfoHelpers,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.pyutils import AwaitableOrValue, Path

from runner.service.event_loop import Checkpoint
from server.graphql.budget import AnswerTooLarge, Budget, size_of
from server.graphql.precedence import Operation
from server.graphql.readers import Convert, Fields, Leaf, constant, least_size, reader, sized_names

_MISSING: Final = object()
_UNBOUNDED: Final = 2**62
_LONG_LIST: Final = 500
"""Objects of a list above which reading may take longer than others should wait."""
_MAX_HOLD: Final = 0.005
"""Seconds of reading without a break: one step of an operation, for which short operations wait."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """Describes how the requested fields of a type are read; those with None use the stock executor."""

    grouped: GroupedFieldSet
    leaves: Mapping[str, Leaf | None]
    sized: tuple[str, ...]
    least: int

    @property
    def whole(self) -> Mapping[str, Leaf] | None:
        """All leaves, if all requested fields are plain; else None."""
        plain = {name: leaf for name, leaf in self.leaves.items() if leaf}
        return plain if len(plain) == len(self.leaves) else None


def _weak(method: Callable[..., Any]) -> Callable[..., Any]:
    """Breaks the reference cycle between the executor and its stock helpers. With the cycle, everything that an
    operation created would wait for the garbage collector, which blocks the event loop."""
    weak = WeakMethod(method)

    def call(*arguments: Any) -> Any:
        found = weak()
        assert found, "the resolver's caller keeps the executor alive"
        return found(*arguments)

    return call


class PlainFastExecutor(ExecutorThrowingOnIncremental):
    def __init__(
        self,
        *args: Any,
        fields: Fields,
        budget: Budget | None = None,
        operation: Operation | None = None,
        **options: Any,
    ) -> None:
        """`operation` measures the steps of the execution, and makes them wait for shorter operations."""
        super().__init__(*args, **options)
        self._fields = fields
        self.underway = operation
        self.budget = budget or Budget(_UNBOUNDED)
        self.async_helpers = GraphQLResolveInfoHelpers(
            gather=_weak(self.gather_async_work), track=_weak(self.track_async_work)
        )
        self._plans: dict[tuple[str, int], FieldPlan] = {}

    def build_per_event_executor(self, payload: Any) -> Self:
        once = cast(Self, super().build_per_event_executor(payload))
        # The stock copy shares these caches, whose keys are new for each event: they would only grow.
        once._relevant_sub_fields = {}
        once._plans = {}
        once.budget = Budget(self.budget.limit)
        return once

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: None,
    ) -> AwaitableOrValue[dict[str, Any]]:
        if self.budget.exceeded:
            raise AnswerTooLarge
        if self.middleware_manager or source_value is None or isinstance(source_value, Mapping):
            return super().execute_fields(
                parent_type, source_value, path, grouped_field_set, position_context
            )
        plan = self._plan(parent_type, grouped_field_set)
        # Every name is inserted at once, because a response keeps the order of the request.
        results = {name: _read(leaf, source_value) for name, leaf in plan.leaves.items()}
        others = {
            name: details
            for name, details in grouped_field_set.items()
            if results[name] is _MISSING
        }
        self.budget.take(plan.least + sum(size_of(results[name]) for name in plan.sized))
        if not others:
            return results
        rest = super().execute_fields(parent_type, source_value, path, others, position_context)
        if isinstance(rest, dict):
            return _merged(results, rest)

        async def awaited() -> dict[str, Any]:
            return _merged(results, await rest)

        return awaited()

    def execute_field(self, *arguments: Any, **named: Any) -> Any:
        if self.budget.exceeded:
            raise AnswerTooLarge
        found = super().execute_field(*arguments, **named)
        if self.underway is None or not iscoroutine(found):
            return found
        return self.underway.stepwise(found)

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: None,
    ) -> AwaitableOrValue[list[Any]]:
        stock = partial(
            super().complete_iterable_value,
            *(item_type, field_details_list, info, path, items, position_context),
        )
        read = self._reader_of(item_type, field_details_list)
        if read is None or not isinstance(items, list):
            return stock()
        if len(items) > _LONG_LIST:
            return self._read_in_turns(read, items, stock)
        left = self.budget.left
        with suppress(Exception):  # the stock executor raises it again, with its path
            return [read(each) for each in items]
        self._give_back(left)
        return stock()

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]
        coerced = super().complete_leaf_value(return_type, result)
        self.budget.take(size_of(coerced))
        return coerced

    def _give_back(self, left: int) -> None:
        """Restores the budget before a second reading, unless it was exceeded."""
        if not self.budget.exceeded:
            self.budget.left = left

    async def _read_in_turns(
        self, read: Convert, items: list[Any], stock: Callable[[], AwaitableOrValue[list[Any]]]
    ) -> list[Any]:
        """Reads long lists with breaks for the rest of the event loop."""
        pace, found, left = Checkpoint(_MAX_HOLD), [], self.budget.left
        try:
            for each in items:
                found.append(read(each))
                await pace.keep()
        except Exception:  # the stock executor raises it again, with its path
            self._give_back(left)
            again = stock()
            return again if isinstance(again, list) else await again
        return found

    def _reader_of(self, item: GraphQLOutputType, details: FieldDetailsList) -> Convert | None:
        """Returns a reader of a list's objects, if all requested fields are plain; else None."""
        kind = item.of_type if is_non_null_type(item) else item
        if self.middleware_manager or not isinstance(kind, GraphQLObjectType):
            return None
        if kind.is_type_of and "strawberry-definition" not in kind.extensions:
            return None  # its check is unknown
        grouped, _, _ = self.collect_subfields(kind, details)
        whole = self._plan(kind, grouped).whole
        return reader(kind, whole, self.budget) if whole else None

    def _plan(self, kind: GraphQLObjectType, grouped: GroupedFieldSet) -> FieldPlan:
        """Makes a plan once for all objects of a list: the stock executor passes each the same set of fields."""
        key = (kind.name, id(grouped))
        plan = self._plans.get(key)
        if plan is None:
            leaves = {name: self._leaf(kind, details) for name, details in grouped.items()}
            # The plan keeps the field set alive, so that no other set can get its id.
            plan = FieldPlan(grouped, leaves, sized_names(leaves), least_size(leaves))
            self._plans[key] = plan
        return plan

    def _leaf(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Leaf | None:
        name = details[0].node.name.value
        if name == "__typename":
            return constant(kind.name)
        if leaf := self._fields.leaves_of(kind).get(name):
            return leaf
        branch = self._fields.branches_of(kind).get(name)
        if branch is None:
            return None
        grouped, _, _ = self.collect_subfields(branch.kind, details)
        whole = self._plan(branch.kind, grouped).whole
        return branch.leaf(whole, self.budget) if whole else None


def _read(leaf: Leaf | None, source: Any) -> Any:
    if leaf is None:
        return _MISSING
    try:
        return leaf.convert(getattr(source, leaf.attribute))
    except Exception:
        # The stock executor raises it again, with its path.
        return _MISSING


def _merged(results: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    results.update(rest)
    for name in [name for name, value in results.items() if value is _MISSING]:
        del results[name]
    return results
