"""Starts or restarts the executions of subflow tasks."""

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
"""The limit of nested subflows, against flows that start themselves endlessly."""


class Children:
    def __init__(self, pool: Pool, engine: Engine, evaluator: Evaluator, cipher: Cipher) -> None:
        self._pool = pool
        self._engine = engine
        self._evaluator = evaluator
        self._cipher = cipher

    async def start(self, parent: Execution, request: StartChild) -> Command | None:
        """Creates the child (once, however often this is called), or restarts that of an earlier attempt; the parent
        adopts the child in the same transaction. Returns the command for the parent: if there is no child, the failure
        of its attempt."""
        task = parent.tasks[request.path]
        if task.state is not TaskRunState.RUNNING or task.attempt != request.attempt or task.child:
            return None
        spec = parent.spec_of(task)
        assert isinstance(spec, SubflowTask)
        launch = _launch(parent, task, spec)
        try:
            earlier = await self._earlier(parent, task) if spec.wait else None
            if earlier and await self._resume(earlier, parent, task, spec, launch):
                return None
            if earlier and not earlier.ended:
                return AwaitChild(request.path, request.attempt)
            command = await prepare(
                self._pool, self._engine.plans, self._evaluator, parent.scope, launch, self._cipher
            )
            shares = await self._shares_slot(parent, spec, command.plan.flow_id)
            begun = await self._engine.create(
                replace(command, shares_slot=shares), _origin(parent, task, parent.created_by)
            )
        except Refused as refused:
            if refused.problems[0].code is ProblemCode.CONFLICT:
                return None  # stopped, paused, or started by another process meanwhile
            error = _cannot_start(parent, task, launch, refused)
            return Prepare(request.path, request.attempt, error)
        return Adopt(request.path, request.attempt, begun.execution.id)

    async def _shares_slot(self, parent: Execution, spec: SubflowTask, flow: UUID | None) -> bool:
        above = await ancestry.ancestors(self._pool, parent.id)
        _refuse_too_deep(len(above))
        return spec.wait and any(each.lends and each.flow_id == flow for each in above)

    async def _earlier(self, parent: Execution, task: TaskRun) -> Execution | None:
        """Returns the newest child of earlier attempts."""
        id = (
            await ancestry.newest_child(self._pool, parent.id, task.path)
            if task.attempt > 1
            else None
        )
        found = await read_executions(self._pool, self._engine.plans, [id] if id else [])
        return found.get(id) if id else None

    async def _resume(
        self, child: Execution, parent: Execution, task: TaskRun, spec: SubflowTask, launch: Launch
    ) -> bool:
        """Lets the child of an earlier attempt continue for this one if it is still active, or if a person restarted
        the task run, and if its inputs are the same. Returns False if a new child is needed: always for tasks of
        `errors` and `finally`, and when the child is being killed, which must end first."""
        restarted = task.attempt_base > 0 and task.attempt == task.attempt_base + 1
        if child.state is ExecutionState.KILLING or not (restarted or not child.ended):
            return False
        if spec.restart_child is RestartChild.NEW or parent.section_of(task) is not Section.TASKS:
            return False
        if not await self._has_same_inputs(child, launch):
            return False
        shares = await self._shares_slot(parent, spec, child.plan.flow_id)
        command = ResumeChild(Parent(parent.id, task.path, task.attempt), shares)
        origin = _origin(parent, task, parent.started_by[-1])
        try:
            await self._engine.execute(child.id, command, origin)
        except Refused as refused:
            if refused.problems[0].code is ProblemCode.CONFLICT:
                raise
            return False  # nothing in the child can be run again
        return True

    async def _has_same_inputs(self, child: Execution, launch: Launch) -> bool:
        """Compares the given inputs with those of the child. Others are ignored: their defaults may depend on the
        time."""
        spec = child.plan.spec
        if child.plan.unreadable:
            return False
        given = given_as_written(spec.inputs, launch.inputs, launch.written)
        names = await names_of_defaults(self._pool, spec, launch.labels, None)
        try:
            values = await complete_inputs(
                self._pool, self._evaluator, self._cipher, spec, given, names.values
            )
        except Refused:
            return False
        now = digested_inputs(self._cipher, spec.inputs, values)
        then = digested_inputs(self._cipher, spec.inputs, child.inputs)
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


def _origin(parent: Execution, task: TaskRun, actor: str) -> CommandOrigin:
    named = f"{task.path} of {parent.name}"
    by = named if shows_parent(parent, task) else "of an execution in another namespace"
    return CommandOrigin(actor, Channel.ENGINE, f"subflow {by}")


def _cannot_start(parent: Execution, task: TaskRun, launch: Launch, refused: Refused) -> TaskError:
    """Hides the details if not everybody who sees the parent may see the child's flow. A flow outside the parent's
    scope is reported as not existing, so there is nothing to hide."""
    sentence = f"{launch.namespace}/{launch.flow} cannot start: {refused}"
    if shows_child(parent, task) or not parent.scope.covers(launch.namespace):
        return TaskError(SUBFLOW, sentence)
    return TaskError(SUBFLOW, did_not_succeed(launch.namespace, launch.flow), below=sentence)


def _labels(parent: Execution, given: Mapping[str, Any]) -> dict[str, str]:
    """Passes on the correlation label, so that all executions that belong together can be found by it."""
    inherited = {key: value for key, value in parent.labels.items() if key == CORRELATION}
    return {**inherited, **{key: str(value) for key, value in given.items()}}


def _refuse_too_deep(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refused.because(
            ProblemCode.VALIDATION, f"more than {MAX_DEPTH} subflows within each other"
        )
