"""Builds the `Create` command for an occurrence of a schedule."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from models.access.viewer import EVERYWHERE, Scope
from models.errors import ProblemCode, Refused
from models.events.events import CommandOrigin
from models.ids import typed
from models.lifecycle.commands.commands import Create
from models.schedule import trigger_of
from models.states import Channel
from runner.expressions.evaluator import EvaluationFailed, Evaluator
from runner.launch.launch import Launch, prepare
from runner.service.encryption import Cipher
from runner.store.flows.schedules import Schedule
from runner.store.plans import Plans
from runner.store.postgres.connection import Pool


async def prepare_scheduled_run(
    pool: Pool,
    plans: Plans,
    evaluator: Evaluator,
    cipher: Cipher,
    schedule: Schedule,
    tick: datetime,
    starters: tuple[str, ...] = (),
    scope: Scope = EVERYWHERE,
) -> Create:
    """Raises Refused like any start of the flow with these inputs. For a backfill, `starters` and `scope` are those of
    the person; the schedule itself never starts anything outside the scope of the person who saved it."""
    id, saved_by = typed("sched", schedule.id), schedule.updated_by
    trigger = trigger_of(id, schedule.key, schedule.timezone, tick, saved_by)
    launch = Launch(
        namespace=schedule.namespace,
        flow=schedule.flow,
        inputs=await _inputs(evaluator, schedule, trigger),
        labels=schedule.labels,
        trigger=trigger,
        idempotency_key=schedule.key_of(tick),
        starters=starters,
    )
    command = await prepare(pool, plans, evaluator, schedule.scope.within(scope), launch, cipher)
    # The occurrence alone identifies the execution, even if the schedule's inputs have changed since.
    return replace(command, digest=schedule.key_of(tick))


def origin_of(schedule: Schedule, reason: str | None = None) -> CommandOrigin:
    return CommandOrigin(schedule.actor, Channel.ENGINE, reason)


async def _inputs(
    evaluator: Evaluator, schedule: Schedule, trigger: Mapping[str, Any]
) -> Mapping[str, Any]:
    names = {
        "trigger": trigger,
        "flow": {"id": schedule.flow, "namespace": schedule.namespace},
        "labels": dict(schedule.labels),
    }
    try:
        rendered: Mapping[str, Any] = await evaluator.render(dict(schedule.inputs), names)
    except EvaluationFailed as failed:
        raise Refused.because(
            ProblemCode.VALIDATION, f"the schedule's inputs cannot be evaluated: {failed}", "inputs"
        ) from failed
    return rendered
