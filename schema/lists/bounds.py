"""Maximum lengths of the lists in the schema: by `first`, or fixed. The cost of an operation is computed from them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import strawberry
from graphql import GraphQLObjectType, GraphQLSchema
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from models.errors import ProblemCode, Refused
from models.lifecycle.advance.foreach import MAX_ITEMS

MAX_TASK_RUNS: Final = 2 * MAX_ITEMS
"""Maximum in one response: those of two foreach tasks with the maximum number of items."""
DEFAULT_TASK_RUNS: Final = 200
"""Length that costs are computed with. Longer responses are limited by size and time."""
MAX_METRICS: Final = 50_000
MAX_CHILDREN: Final = MAX_ITEMS
MAX_USES: Final = 200
MAX_ROWS: Final = 1_000
"""Maximum length of lists that are usually short."""


def checked_first(first: int | None, most: int) -> int:
    """Returns `first`, or `most` for None. Raises Refused if it is out of bounds."""
    if first is None:
        return most
    if not 1 <= first <= most:
        raise Refused.because(
            ProblemCode.VALIDATION, f"first must be between 1 and {most}; got {first}", "first"
        )
    return first


class UpTo(FieldExtension):
    """Adds an argument `first` to a list field; the default is `most`. If an operation does not pass it, the cost is
    computed with `usual`, for lists within longer lists whose total is limited otherwise.

    A resolver with a parameter `first` receives the number and reads no more rows. The lists of other resolvers are
    truncated.
    """

    def __init__(self, most: int, usual: int | None = None) -> None:
        self.most = most
        self.priced = usual or most
        self._cuts = True

    def apply(self, field: StrawberryField) -> None:
        assert field.base_resolver
        self._cuts = "first" not in field.base_resolver.signature.parameters
        if not self._cuts:
            return
        first = StrawberryArgument("first", None, StrawberryAnnotation(int | None), default=None)
        field.arguments = [*field.arguments, first]

    async def resolve_async(
        self,
        next_: AsyncExtensionResolver,
        source: Any,
        info: Any,
        first: int | None = None,
        **arguments: Any,
    ) -> Any:
        size = checked_first(first, self.most)
        if self._cuts:
            return (await next_(source, info, **arguments))[:size]
        return await next_(source, info, first=size, **arguments)


def up_to(most: int, usual: int | None = None) -> Callable[[Callable[..., Any]], StrawberryField]:
    """Decorates the resolver of a list field, which gets an argument `first`; see UpTo."""
    decorated: Callable[[Callable[..., Any]], StrawberryField]
    decorated = strawberry.field(extensions=[UpTo(most, usual)])
    return decorated


@dataclass(frozen=True, slots=True)
class Bound:
    """Maximum length of a list. The cost is computed with `usual`, for lists that are mostly much shorter."""

    most: int
    why: str
    usual: int | None = None

    @property
    def priced(self) -> int:
        return self.usual or self.most


def _of(kind: str, names: str, bound: Bound) -> dict[str, Bound]:
    return {f"{kind}.{name}": bound for name in names.split()}


_ENUM: Final = Bound(20, "one for each value of an enum or action")
PROBLEMS: Final = Bound(200, "a check stops at 200 faults", usual=3)
"""Also the bound of the `problems` of every payload."""
_COMPARED: Final = Bound(5, "five executions are compared at most")
_DIFFERENT: Final = Bound(10_000, "as many as the compared executions have", usual=100)
_LABELS: Final = Bound(100, "an execution or flow has at most 100 labels", usual=10)
_CHANGED: Final = Bound(1_000, "a message holds about 20 KB, the rest follows", usual=50)
_PICKED: Final = Bound(1_000, "an input names at most 1 000", usual=50)
_ATTEMPTS: Final = Bound(1_000, "retry.maxAttempts is at most 1 000, and people retry", usual=2)
_MOVES: Final = Bound(10_000, "grows with each action of a person and each attempt", usual=6)
_OF_FLOW: Final = Bound(1_200, "a flow has at most 1 000 tasks, 100 in errors and 100 in finally")
_GROUPS: Final = Bound(100, "an approval has at most 100 groups", usual=2)
_GRAPH: Final = Bound(10_000, "a graph has at most 1 000 nodes and 10 000 edges", usual=500)

BY_NATURE: Final[Mapping[str, Bound]] = {
    **_of("Approval", "votes groups form", _GROUPS),
    **_of("Execution", "labels", _LABELS),
    **_of("Execution", "stateHistory", _MOVES),
    **_of("Execution", "logCounts availableActions waitingFor", _ENUM),
    **_of("Execution", "usualTaskDurations", Bound(1_200, _OF_FLOW.why, usual=20)),
    **_of("TaskRun", "stateHistory", _MOVES),
    **_of("TaskRun", "attempts", _ATTEMPTS),
    **_of("TaskRun", "waitingFor", Bound(20, _ENUM.why, usual=1)),
    **_of("TaskRun", "availableActions", Bound(4, "four actions concern task runs")),
    **_of("Flow", "labels", _LABELS),
    **_of("Flow", "inputs", Bound(1_000, "inputs of a document of 1 MiB", usual=20)),
    **_of("FlowRevision", "tasks", _OF_FLOW),
    **_of("Schedule", "labels", _LABELS),
    **_of("Artifact", "versions", Bound(200, "the store reads the newest 200", usual=10)),
    **_of("FlowDependencies", "nodes edges", _GRAPH),
    **_of("ExecutionDependencies", "nodes edges", _GRAPH),
    **_of("LineageGraph", "nodes edges", _GRAPH),
    **_of(
        "ExecutionGraph",
        "nodes edges",
        Bound(MAX_TASK_RUNS, "the task runs of one execution and what they need", usual=2_000),
    ),
    **_of("Failure", "skipped", Bound(10_000, "task runs of one execution", usual=1_000)),
    **_of("InvalidState", "availableActions", _ENUM),
    **_of("Query", "pipelines", Bound(1_000, "the store reads 1 000")),
    **_of("Query", "searchFields", Bound(100, "fields of the search language")),
    **_of("Query", "savedFilters", Bound(1_000, "200 of the viewer, and the shared ones")),
    **_of("Query", "executionHistogram", Bound(200, "at most 200 bars")),
    **_of("Query", "validateFlow", PROBLEMS),
    **_of("Comparison", "executions", _COMPARED),
    **_of("Comparison", "about states", _COMPARED),
    **_of(
        "Comparison",
        "inputs outputs properties labels git durations metrics artifacts tasks",
        _DIFFERENT,
    ),
    **_of("ValueComparison", "values", _COMPARED),
    **_of("DurationComparison", "values", _COMPARED),
    **_of("MetricComparison", "values", _COMPARED),
    **_of("ArtifactComparison", "values", _COMPARED),
    **_of("TaskComparison", "values", _COMPARED),
    **_of(
        "ComparedMetric", "points", Bound(1_000, "points are thinned out for a chart", usual=200)
    ),
    **_of("ComparedArtifacts", "uses", Bound(1_000, "uses of one name", usual=5)),
    **_of("StatePath", "steps", _MOVES),
    **_of("ExecutionStats", "states", _ENUM),
    **_of("ExecutionStats", "buckets", Bound(1_500, "at most 1 500 buckets", usual=200)),
    **_of("HistogramBar", "states", _ENUM),
    **_of("LiveStats", "states", _ENUM),
    **_of("Plan", "tasks", _OF_FLOW),
    **_of("ExecutionDraft", "tasks", _OF_FLOW),
    **_of("BackfillSchedulePayload", "ticks", Bound(1_000, "a backfill is at most 1 000 ticks")),
    **_of("SendEventPayload", "executions", _PICKED),
    **_of("ArchiveExecutionsPayload", "executions", _PICKED),
    **_of("UnarchiveExecutionsPayload", "executions", _PICKED),
    **_of("BulkPreview", "notAllowed", _ENUM),
    **_of("BulkPreview", "samples", Bound(20, "some examples")),
    **_of("BulkRefusal", "samples", Bound(20, "some examples")),
    **_of(
        "ExecutionChange", "approvals metrics artifacts notes events taskRuns children", _CHANGED
    ),
    **_of("ExecutionListChange", "enter update leave", Bound(200, "a live list has at most 200")),
    **_of("ApprovalChange", "changed", Bound(10_000, "pending requests", usual=200)),
    **_of("LogBatch", "lines", Bound(1_000, "a batch holds at most 1 000 lines", usual=200)),
}
"""Lists without `first`, each with its maximum length and the reason for it."""


def priced_lists(schema: GraphQLSchema) -> dict[str, int]:
    """Returns `Type.field` -> the length that costs are computed with if an operation does not pass `first`."""
    by_nature = {name: bound.priced for name, bound in BY_NATURE.items()}
    problems = {name: PROBLEMS.priced for name in schema.type_map if name.endswith("Payload")}
    by_nature |= {f"{name}.problems": priced for name, priced in problems.items()}
    return by_nature | dict(_paged(schema)) | {"Execution.taskRuns": DEFAULT_TASK_RUNS}


def _paged(schema: GraphQLSchema) -> Iterator[tuple[str, int]]:
    for kind in schema.type_map.values():
        for name, field in kind.fields.items() if isinstance(kind, GraphQLObjectType) else ():
            definition = field.extensions.get("strawberry-definition")
            for extension in getattr(definition, "extensions", ()):
                if isinstance(extension, UpTo):
                    yield f"{kind.name}.{name}", extension.priced
