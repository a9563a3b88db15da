"""The flows that a flow starts: the edges between flows, read off their documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from models.spec import FlowSpec, SubflowTask


class DependencyKind(StrEnum):
    """Why one comes of the other: between flows only SUBFLOW."""

    SUBFLOW = "SUBFLOW"
    RERUN = "RERUN"
    REPLAY = "REPLAY"


@dataclass(frozen=True, slots=True)
class FlowLink:
    """The flow that a document's task starts; it need not exist."""

    kind: DependencyKind
    task: str
    namespace: str
    flow: str


def links_of(spec: FlowSpec) -> Iterator[FlowLink]:
    """In the order of the document, of tasks in a foreach, in `errors` and in `finally` too."""
    for task, _, _ in spec.placed_tasks():
        if isinstance(task, SubflowTask):
            namespace = task.namespace or spec.namespace
            yield FlowLink(DependencyKind.SUBFLOW, task.id, namespace, task.flow)
