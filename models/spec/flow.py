"""The flow document as a whole."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from models.inputs import InputSpec
from models.spec.tasks import TaskSpec
from models.spec.triggers import ScheduleTrigger
from models.states import FailureAction
from models.values import Key, Namespace, Part, Text, Word


class FlowSpec(Part):
    """A flow as its author wrote it. `parse_flow` makes it, and checks what spans several keys."""

    id: Key
    namespace: Namespace
    kind: Key = "flow"
    description: Text | None = None
    labels: dict[str, Text] = Field(default_factory=dict)
    inputs: tuple[InputSpec, ...] = ()
    on_failure: Annotated[FailureAction, Word(FailureAction)] = FailureAction.FINISH_RUNNING
    tasks: Annotated[tuple[TaskSpec, ...], Field(min_length=1, max_length=1000)]
    outputs: dict[str, Any] = Field(default_factory=dict)
    triggers: Annotated[tuple[ScheduleTrigger, ...], Field(max_length=100)] = ()

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def with_sources(self, sources: Mapping[str, str]) -> "FlowSpec":
        """The same flow, knowing the YAML text of each of its tasks."""
        self._sources = sources
        return self

    def source_of(self, task: str) -> str:
        """The YAML text of a task, as it stands in the document."""
        return self._sources[task]
