"""The model of a whole flow document."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, PrivateAttr

from models.inputs.inputs import InputSpec
from models.inputs.values import Key, Namespace, Part, Seconds, Text, Word
from models.spec.document import Path
from models.spec.task import CacheSpec
from models.spec.tasks import ForeachTask, TaskSpec
from models.spec.triggers import ScheduleTrigger
from models.states import ConcurrencyBehavior, FailureAction, OnExecutionTimeout, Section


class ConcurrencySpec(Part):
    """Limits how many executions of the flow hold a slot at once."""

    limit: Annotated[int, Field(strict=True, ge=1)]
    behavior: Annotated[ConcurrencyBehavior, Word(ConcurrencyBehavior)] = ConcurrencyBehavior.QUEUE


class FlowSpec(Part):
    """A flow as its author wrote it. Create it with `parse_flow`, which also checks what spans several keys."""

    id: Key
    namespace: Namespace
    kind: Key = "flow"
    description: Text | None = None
    labels: dict[str, Text] = Field(default_factory=dict)
    inputs: tuple[InputSpec, ...] = ()
    on_failure: Annotated[FailureAction, Word(FailureAction)] = FailureAction.FINISH_RUNNING
    concurrency: ConcurrencySpec | None = None
    timeout: Seconds | None = None
    on_timeout: Annotated[OnExecutionTimeout, Word(OnExecutionTimeout)] = OnExecutionTimeout.FAIL
    cache: CacheSpec | None = None
    tasks: Annotated[tuple[TaskSpec, ...], Field(min_length=1, max_length=1000)]
    errors: Annotated[tuple[TaskSpec, ...], Field(max_length=100)] = ()
    finally_tasks: Annotated[tuple[TaskSpec, ...], Field(max_length=100, alias="finally")] = ()
    finally_timeout: Seconds = 60.0
    outputs: dict[str, Any] = Field(default_factory=dict)
    triggers: Annotated[tuple[ScheduleTrigger, ...], Field(max_length=100)] = ()

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _given: Mapping[str, Mapping[Path, str]] = PrivateAttr(default_factory=dict)

    def with_sources(
        self, sources: Mapping[str, str], given: Mapping[str, Mapping[Path, str]]
    ) -> "FlowSpec":
        """Returns the flow with the YAML text of each task, and of the inputs that subflow tasks give."""
        self._sources = sources
        self._given = given
        return self

    def given_by(self, task: str) -> Mapping[Path, str]:
        """Returns the YAML text of numbers, booleans and null in the inputs of a subflow task, by their paths."""
        return self._given.get(task, {})

    def name_of(self, execution: UUID) -> str:
        """Returns the name of an execution of this flow."""
        return f"{self.id}-{execution.hex[-6:]}"

    def source_of(self, task: str) -> str:
        """Returns the YAML text of a task as in the document; empty if there is no document."""
        return self._sources.get(task, "")

    def placed_tasks(self) -> Iterator[tuple[TaskSpec, Section, str | None]]:
        """Yields every task with its section and the foreach that contains it; outer tasks first."""
        for section, tasks in (
            (Section.TASKS, self.tasks),
            (Section.ERRORS, self.errors),
            (Section.FINALLY, self.finally_tasks),
        ):
            yield from _placed(tasks, section, None)


def _placed(
    tasks: tuple[TaskSpec, ...], section: Section, parent: str | None
) -> Iterator[tuple[TaskSpec, Section, str | None]]:
    for task in tasks:
        yield task, section, parent
        if isinstance(task, ForeachTask):
            yield from _placed(task.tasks, section, task.id)
