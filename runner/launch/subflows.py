"""The executions that subflow tasks start."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin, Parent, TaskError
from models.labels import CORRELATION
from models.lifecycle.commands.commands import Command, Prepare, StartChild
from models.lifecycle.commands.subflows import Adopt, AwaitChild, ResumeChild
from models.lifecycle.snapshot import Execution, TaskRun
from models.lifecycle.visibility.outside import SUBFLOW, did_not_succeed
from models.lifecycle.visibility.separation import shows_child, shows_parent
from models.run_options import MAX_PRIORITY, RunOptions
from models.spec import SubflowTask, given_as_written
from models.states import Channel, ExecutionState, RestartChild, Section, TaskRunState
from runner.engine.engine import Engine
from runner.expressions.evaluator import Evaluator
from runner.launch.input_defaults import names_of_defaults
from runner.launch.inputs import complete_inputs, digested_inputs
from runner.launch.launch import Launch, prepare
from runner.service.encryption import Cipher
from runner.store.execution import ancestry
from runner.store.execution.snapshots import read_executions
from runner.store.postgres.connection import Pool

MAX_DEPTH = 20
"""Subflows within subflows: deeper is taken for a flow that starts itself without end."""


class Children:
    def __init__(self, pool: Pool, engine: Engine, evaluator: Evaluator, vault: Cipher) -> None:
        self._pool = pool
        self._engine = engine
        self._evaluator = evaluator
        self._vault = vault

    async def start(self, parent: Execution, owed: StartChild) -> Command | None:
        """Create the child, once however often this is asked, or restart that of an earlier attempt; the parent adopts
        it in the same transaction. Answers what to tell the parent: where it cannot be, its attempt's failure."""
        task = parent.tasks[owed.path]
        if task.state is not TaskRunState.RUNNING or task.attempt != owed.attempt or task.child:
            return None
        spec = parent.spec_of(task)
        assert isinstance(spec, SubflowTask)
        launch = _launch(parent, task, spec)
        try:
            earlier = await self._earlier(parent, task) if spec.wait else None
            if earlier and await self._goes_on(earlier, parent, task, spec, launch):
                return None
            if earlier and not earlier.ended:
                return AwaitChild(owed.path, owed.attempt)
            command = await prepare(
                self._pool, self._engine.plans, self._evaluator, parent.scope, launch, self._vault
            )
            shares = await self._shares_slot(parent, spec, command.plan.flow_id)
            begun = await self._engine.create(
                replace(command, shares_slot=shares), _ask(parent, task, parent.created_by)
            )
        except Refused as refused:
            if refused.problems[0].code is ProblemCode.CONFLICT:
                return None  # stopped, paused or served by another process meanwhile
            error = _cannot_start(parent, task, launch, refused)
            return Prepare(owed.path, owed.attempt, error)
        return Adopt(owed.path, owed.attempt, begun.execution.id)

    async def _shares_slot(self, parent: Execution, spec: SubflowTask, flow: UUID | None) -> bool:
        above = await ancestry.ancestors(self._pool, parent.id)
        _refuse_too_deep(len(above))
        return spec.wait and any(each.lends and each.flow_id == flow for each in above)

    async def _earlier(self, parent: Execution, task: TaskRun) -> Execution | None:
        """The newest child of the attempts before this one."""
        id = (
            await ancestry.newest_child(self._pool, parent.id, task.path)
            if task.attempt > 1
            else None
        )
        found = await read_executions(self._pool, self._engine.plans, [id] if id else [])
        return found.get(id) if id else None

    async def _goes_on(
        self, child: Execution, parent: Execution, task: TaskRun, spec: SubflowTask, launch: Launch
    ) -> bool:
        """Whether this child of an earlier attempt goes on for this one: it still lives, or a person put the task run
        back; and it is asked the same. `errors` and `finally` run anew. One that is being killed has to end first."""
        put_back = task.attempt_base > 0 and task.attempt == task.attempt_base + 1
        if child.state is ExecutionState.KILLING or not (put_back or not child.ended):
            return False
        if spec.restart_child is RestartChild.NEW or parent.section_of(task) is not Section.TASKS:
            return False
        if not await self._is_asked_the_same(child, launch):
            return False
        shares = await self._shares_slot(parent, spec, child.plan.flow_id)
        again = ResumeChild(Parent(parent.id, task.path, task.attempt), shares)
        try:
            await self._engine.execute(child.id, again, _ask(parent, task, parent.started_by[-1]))
        except Refused as refused:
            if refused.problems[0].code is ProblemCode.CONFLICT:
                raise
            return False  # nothing of it can be run again
        return True

    async def _is_asked_the_same(self, child: Execution, launch: Launch) -> bool:
        """Whether the inputs given now are those that it has. Those that are not given may depend on the time."""
        spec = child.plan.spec
        if child.plan.unreadable:
            return False
        given = given_as_written(spec.inputs, launch.inputs, launch.written)
        names = await names_of_defaults(self._pool, spec, launch.labels, None)
        try:
            values = await complete_inputs(
                self._pool, self._evaluator, self._vault, spec, given, names.values
            )
        except Refused:
            return False
        now = digested_inputs(self._vault, spec.inputs, values)
        then = digested_inputs(self._vault, spec.inputs, child.inputs)
        return all(now.get(name) == then.get(name) for name in launch.inputs)


def _launch(parent: Execution, task: TaskRun, spec: SubflowTask) -> Launch:
    return Launch(
        namespace=spec.namespace or parent.plan.spec.namespace,
        flow=spec.flow,
        revision=spec.revision,
        inputs=task.inputs.get("inputs") or {},
        labels=_labels(parent, task.inputs.get("labels") or {}),
        options=RunOptions(priority=min(parent.options.priority, MAX_PRIORITY)),
        idempotency_key=f"{task.id}:{task.attempt}",
        parent=Parent(parent.id, task.path, task.attempt),
        starters=tuple(one for one in parent.started_by if one != parent.created_by),
        written=parent.plan.spec.given_by(task.key),
    )


def _ask(parent: Execution, task: TaskRun, actor: str) -> CommandOrigin:
    named = f"{task.path} of {parent.name}"
    by = named if shows_parent(parent, task) else "of an execution in another namespace"
    return CommandOrigin(actor, Channel.ENGINE, f"subflow {by}")


def _cannot_start(parent: Execution, task: TaskRun, launch: Launch, refused: Refused) -> TaskError:
    """A flow outside of its scope does not exist for it; of others not everybody who sees the parent may know more."""
    told = f"{launch.namespace}/{launch.flow} cannot start: {refused}"
    if shows_child(parent, task) or not parent.scope.covers(launch.namespace):
        return TaskError(SUBFLOW, told)
    return TaskError(SUBFLOW, did_not_succeed(launch.namespace, launch.flow), below=told)


def _labels(parent: Execution, given: Mapping[str, Any]) -> dict[str, str]:
    """Executions that belong together are found by one correlation, however deep it began."""
    inherited = {key: value for key, value in parent.labels.items() if key == CORRELATION}
    return {**inherited, **{key: str(value) for key, value in given.items()}}


def _refuse_too_deep(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refused.because(
            ProblemCode.VALIDATION, f"more than {MAX_DEPTH} subflows within each other"
        )
