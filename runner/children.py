"""The executions that subflow tasks start."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.errors import ProblemCode, Refused
from models.events import Ask, Parent, TaskError
from models.labels import CORRELATION
from models.lifecycle.commands import Adopt, Command, Prepare, StartChild
from models.lifecycle.snapshot import Execution
from models.spec import SubflowTask
from models.states import Channel, TaskRunState
from models.viewer import Scope
from runner.engine import Engine
from runner.evaluator import Evaluator
from runner.launch import Launch, prepare
from runner.store import ancestry
from runner.store.connection import Pool
from runner.vault import Vault

MAX_DEPTH = 20
"""Subflows within subflows: deeper is taken for a flow that starts itself without end."""


class Children:
    def __init__(self, pool: Pool, engine: Engine, evaluator: Evaluator, vault: Vault) -> None:
        self._pool = pool
        self._engine = engine
        self._evaluator = evaluator
        self._vault = vault

    async def start(self, parent: Execution, owed: StartChild) -> Command | None:
        """Create the child, once however often this is asked, and answer what to tell the parent.

        None when its attempt no longer runs and has no child either: one that was created by a process that died
        before it could tell is adopted late, and then cancelled. One that cannot be created is the attempt's failure.
        """
        task = parent.tasks[owed.path]
        if task.state is not TaskRunState.RUNNING or task.attempt != owed.attempt:
            child = await ancestry.child_of(self._pool, parent.id, owed.path, owed.attempt)
            return Adopt(owed.path, owed.attempt, child) if child else None
        spec = parent.spec_of(task)
        assert isinstance(spec, SubflowTask)
        launch = Launch(
            namespace=spec.namespace or parent.plan.spec.namespace,
            flow=spec.flow,
            revision=spec.revision,
            inputs=task.inputs.get("inputs") or {},
            labels=_labels(parent, task.inputs.get("labels") or {}),
            priority=min(parent.priority, 1000),
            idempotency_key=f"{task.id}:{owed.attempt}",
            parent=Parent(parent.id, task.path, owed.attempt),
            starters=(*parent.starters, *parent.restarted_by),
            written=parent.plan.spec.given_by(task.key),
        )
        ask = Ask(parent.created_by, Channel.ENGINE, f"subflow {task.path} of {parent.name}")
        try:
            command = await prepare(
                self._pool, self._engine.plans, self._evaluator, Scope(), launch, self._vault
            )
            above = await ancestry.ancestors(self._pool, parent.id)
            _refuse_too_deep(len(above))
            flow = command.plan.flow_id
            shares = spec.wait and any(each.lends and each.flow_id == flow for each in above)
            transition = await self._engine.create(replace(command, shares_slot=shares), ask)
        except Refused as refused:
            error = TaskError(
                "SUBFLOW", f"{launch.namespace}/{launch.flow} cannot start: {refused}"
            )
            return Prepare(owed.path, owed.attempt, None, error)
        return Adopt(owed.path, owed.attempt, transition.execution.id)


def _labels(parent: Execution, given: Mapping[str, Any]) -> dict[str, str]:
    """What belongs together is found by one correlation, however deep it began."""
    inherited = {key: value for key, value in parent.labels.items() if key == CORRELATION}
    return {**inherited, **{key: str(value) for key, value in given.items()}}


def _refuse_too_deep(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Refused.because(
            ProblemCode.VALIDATION, f"more than {MAX_DEPTH} subflows within each other"
        )
