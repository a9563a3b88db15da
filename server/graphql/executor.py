"""An executor that is quick about what is plain: most fields of an answer are attributes, or objects of such.

For those the stock executor makes a path, a resolve info and several calls each; here they are read and serialised
directly. Whatever is not plain (a resolver, arguments, an awaitable, an error, a null where none may be) takes the
stock way, so that the answers are equal.
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
from server.graphql.readers import (
    Convert,
    Fields,
    Leaf,
    constant,
    least_size,
    reader,
    sized_names,
)

_MISSING: Final = object()
_UNBOUNDED: Final = 2**62
_MANY: Final = 500
"""Objects of a list that may take longer to read than others should wait."""
_HELD: Final = 0.005
"""Seconds of such reading without a break: a step of an operation, for which short ones wait."""


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """How the fields that are asked of a type are read; those of None take the stock way."""

    asked: GroupedFieldSet
    leaves: Mapping[str, Leaf | None]
    sized: tuple[str, ...]
    least: int

    @property
    def whole(self) -> Mapping[str, Leaf] | None:
        """All of them, when all that is asked is plain."""
        plain = {name: leaf for name, leaf in self.leaves.items() if leaf}
        return plain if len(plain) == len(self.leaves) else None


def _weak(method: Callable[..., Any]) -> Callable[..., Any]:
    """The stock helpers hold the executor that holds them. Then all that an operation has made is left to the garbage
    collector, which holds the event loop for it; without them it goes with its last user."""
    weak = WeakMethod(method)

    def call(*arguments: Any) -> Any:
        found = weak()
        assert found, "whoever resolves holds the executor"
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
        """`operation` measures the steps of what is executed, and makes them wait for shorter operations."""
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
        # The stock copy shares these memos, whose keys are made anew for each event: they would only grow.
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
        # Every name takes its place at once: the order of an answer is the order it was asked in.
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
        if len(items) > _MANY:
            return self._read_in_turns(read, items, stock)
        left = self.budget.left
        with suppress(Exception):  # the stock way meets it again, and says where
            return [read(each) for each in items]
        self._give_back(left)
        return stock()

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]
        coerced = super().complete_leaf_value(return_type, result)
        self.budget.take(size_of(coerced))
        return coerced

    def _give_back(self, left: int) -> None:
        """For what is read once more; when it was too large, it remains so."""
        if not self.budget.exceeded:
            self.budget.left = left

    async def _read_in_turns(
        self, read: Convert, items: list[Any], stock: Callable[[], AwaitableOrValue[list[Any]]]
    ) -> list[Any]:
        """Of thousands of objects: the rest of the event loop has its turns meanwhile."""
        pace, found, left = Checkpoint(_HELD), [], self.budget.left
        try:
            for each in items:
                found.append(read(each))
                await pace.keep()
        except Exception:  # the stock way meets it again, and says where
            self._give_back(left)
            again = stock()
            return again if isinstance(again, list) else await again
        return found

    def _reader_of(self, item: GraphQLOutputType, details: FieldDetailsList) -> Convert | None:
        """Of the objects of a list, when all that is asked of them is plain."""
        kind = item.of_type if is_non_null_type(item) else item
        if self.middleware_manager or not isinstance(kind, GraphQLObjectType):
            return None
        if kind.is_type_of and "strawberry-definition" not in kind.extensions:
            return None  # who can tell what it checks
        asked, _, _ = self.collect_subfields(kind, details)
        whole = self._plan(kind, asked).whole
        return reader(kind, whole, self.budget) if whole else None

    def _plan(self, kind: GraphQLObjectType, asked: GroupedFieldSet) -> FieldPlan:
        """Made once for all objects of a list: the stock executor gives each the same set of fields."""
        key = (kind.name, id(asked))
        plan = self._plans.get(key)
        if plan is None:
            leaves = {name: self._leaf(kind, details) for name, details in asked.items()}
            # It holds what is asked, so that no other set can get its id.
            plan = FieldPlan(asked, leaves, sized_names(leaves), least_size(leaves))
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
        asked, _, _ = self.collect_subfields(branch.kind, details)
        whole = self._plan(branch.kind, asked).whole
        return branch.leaf(whole, self.budget) if whole else None


def _read(leaf: Leaf | None, source: Any) -> Any:
    if leaf is None:
        return _MISSING
    try:
        return leaf.convert(getattr(source, leaf.attribute))
    except Exception:
        # The stock way meets it again, and says where.
        return _MISSING


def _merged(results: dict[str, Any], rest: dict[str, Any]) -> dict[str, Any]:
    results.update(rest)
    for name in [name for name, value in results.items() if value is _MISSING]:
        del results[name]
    return results
