"""The flows that a flow starts: edges between flows, derived from their documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from models.spec import FlowSpec, SubflowTask


class DependencyKind(StrEnum):
    """The reason for an edge; between flows it is always SUBFLOW."""

    SUBFLOW = "SUBFLOW"
    RERUN = "RERUN"
    REPLAY = "REPLAY"


@dataclass(frozen=True, slots=True)
class FlowLink:
    """A task of a document and the flow that it starts; that flow need not exist."""

    kind: DependencyKind
    task: str
    namespace: str
    flow: str


def links_of(spec: FlowSpec) -> Iterator[FlowLink]:
    """Yields the links in document order, including tasks in a foreach, in `errors` and in `finally`."""
    for task, _, _ in spec.placed_tasks():
        if isinstance(task, SubflowTask):
            namespace = task.namespace or spec.namespace
            yield FlowLink(DependencyKind.SUBFLOW, task.id, namespace, task.flow)
