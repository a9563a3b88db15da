"""Executions of one flow that are run from decision to decision."""

from dataclasses import replace
from functools import cache
from typing import Any

from models.events.approval_events import ApprovalOverridden
from models.events.events import CommandOrigin
from models.ids import new_id
from models.lifecycle.approvals.decided_on import context
from models.lifecycle.commands.commands import Cancel, CastVote, ChangeTaskRunState, Create
from models.lifecycle.decide import begin
from models.lifecycle.reruns.rerun_plan import NewExecution
from models.lifecycle.snapshot import CompiledFlow, Execution
from models.run_options import RunOptions
from models.spec import parse_flow
from models.states import AttemptState, Channel, TaskRunState, VoteDecision
from tests.models.lifecycle.stage import MARIA, START, Stage

CHAIN = """
id: x
namespace: y
inputs: [{id: day, type: STRING}]
tasks:
  - {id: extract, type: log, message: a}
  - {id: ask, type: approval, needs: [extract]%s}
  - {id: mid, type: log, needs: [ask], message: "{{ labels.team }}"}
  - {id: load, type: log, needs: [mid], message: a}
"""
SILENT = CommandOrigin("user:maria", Channel.API)
KEYS = ("extract", "ask", "mid", "load")


class Played(Stage):
    """An execution of a compiled flow that other executions share."""

    def __init__(self, command: Create, origin: CommandOrigin = MARIA) -> None:
        self.now, self.events, self.jobs, self.deferred = START, [], {}, []
        self.execution = self._apply(begin(command, self._context(origin), new_id()))

    def run_all(self, end: AttemptState = AttemptState.SUCCESS) -> None:
        """Runs all that can run without a person; `load` ends as `end`."""
        while self.jobs or self.has_evaluations():
            self.evaluate({"message": "m", "items": [1, 2], "when": True})
            for path in list(self.jobs):
                self.run(path, end if path == "load" else AttemptState.SUCCESS)

    def has_evaluations(self) -> bool:
        return any(type(each.command).__name__ == "Evaluate" for each in self.deferred)

    def vote(self, path: str = "ask", decision: VoteDecision = VoteDecision.APPROVE) -> None:
        approval = self.task(path).approval
        assert approval
        self.submit(CastVote(approval.id, decision, frozenset({"admin"})))

    @property
    def overridden(self) -> list[tuple[str, ...]]:
        facts = [event.fact for event in self.events]
        return [fact.tasks for fact in facts if isinstance(fact, ApprovalOverridden)]


@cache
def plan_of(keys: str = "", text: str = CHAIN) -> CompiledFlow:
    source = text % (keys and f", {keys}") if "%s" in text else text
    return CompiledFlow.of(new_id(), new_id(), 1, parse_flow(source))


def approved(plan: CompiledFlow, end: AttemptState = AttemptState.SUCCESS) -> Played:
    stage = Played(Create(plan, inputs={"day": "monday"}))
    stage.run_all()
    for path, task in list(stage.execution.tasks.items()):
        if task.state is TaskRunState.WAITING_FOR_APPROVAL:
            stage.vote(path)
    stage.run_all(end)
    return stage


def decided(how: str) -> Execution:
    """Returns an execution of the flow that ended in this way; all but `approved` without an approval."""
    if how == "approved":
        return approved(plan_of()).execution
    if how == "overridden":
        command = Create(
            plan_of(), inputs={"day": "monday"}, options=RunOptions(disabled_tasks=("ask",))
        )
        stage = Played(replace(command, may_override=True))
        stage.run_all()
        return stage.execution
    stage = Played(Create(plan_of(), inputs={"day": "monday"}))
    stage.run_all()
    if how == "rejected":
        stage.vote(decision=VoteDecision.REJECT)
        change = ChangeTaskRunState("ask", TaskRunState.SUCCESS, may_override=True)
    else:
        stage.submit(Cancel())
        change = ChangeTaskRunState("ask", TaskRunState.SKIPPED, may_override=True)
    stage.submit(change)
    stage.run_all()
    return stage.execution


def begins(plan: CompiledFlow, inputs: Any) -> NewExecution:
    return NewExecution(context(plan, inputs, {}, None))
