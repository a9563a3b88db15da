"""A simulation of executions that start each other; their deferred commands are run in any order."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from models.errors import Refused
from models.events.events import ENGINE, CommandOrigin, Event, Parent
from models.ids import new_id
from models.lifecycle import decide
from models.lifecycle.apply.evolve import fold
from models.lifecycle.commands.commands import (
    CastVote,
    Command,
    Conclude,
    Create,
    Evaluate,
    Finish,
    Prepare,
    SetCondition,
    Start,
    StartChild,
)
from models.lifecycle.commands.subflows import (
    Adopt,
    AwaitChild,
    FollowParent,
    ResumeChild,
    StopChild,
)
from models.lifecycle.decide import begin
from models.lifecycle.provenance import Links
from models.lifecycle.snapshot import CompiledFlow, Execution, TaskRun
from models.lifecycle.transition import Context, Deferred, Transition
from models.lifecycle.transition_builder import check_moves
from models.spec import ApprovalTask, ForeachTask, SubflowTask, WaitTask, parse_flow
from models.states import ApprovalState, AttemptState, RestartChild, VoteDecision
from tests.models.lifecycle.outcomes import outcome_of
from tests.models.lifecycle.stage import MARIA, START


class Family:
    """`flows` are the documents by id; the first one is run. `order` shuffles the deferred commands that are due."""

    def __init__(self, flows: dict[str, str], order: random.Random | None = None) -> None:
        self.plans = {
            id: CompiledFlow.of(
                new_id(), new_id(), 1, parse_flow(f"id: {id}\nnamespace: n\n{source}")
            )
            for id, source in flows.items()
        }
        self.order = order
        self.now: datetime = START
        self.executions: dict[UUID, Execution] = {}
        self.events: list[Event] = []
        self.deferred: list[tuple[UUID, Deferred]] = []
        first = next(iter(self.plans))
        self.root = self._take(begin(Create(self.plans[first]), self._context(MARIA), new_id()))

    # -- executions ---------------------------------------------------------------------------------------------------

    def of(self, flow: str) -> list[Execution]:
        """Returns the executions of the flow, the oldest first."""
        return [each for each in self.executions.values() if each.plan.spec.id == flow]

    def one(self, flow: str) -> Execution:
        (found,) = self.of(flow)
        return found

    def state(self, flow: str) -> str:
        return self.one(flow).state.value

    def task(self, flow: str, path: str) -> TaskRun:
        return self.one(flow).tasks[path]

    # -- what happens -------------------------------------------------------------------------------------------------

    def submit(self, id: UUID, command: Command, origin: CommandOrigin = MARIA) -> Transition:
        parent = self._parent(command)
        context = self._context(origin, parent)
        transition = decide(self.executions[id], command, context)
        adopted = None
        if isinstance(command, ResumeChild):
            assert parent
            adopted = self._adopted(command.parent, transition.execution)
        self._take(transition)
        if adopted:
            self._take(adopted)
        return transition

    def run_due(self) -> None:
        """Runs all deferred commands that are due now, until nothing is left."""
        for _ in range(1000):
            due = [each for each in self.deferred if each[1].due <= self.now]
            if not due:
                return
            chosen = self.order.choice(due) if self.order else due[0]
            self.deferred.remove(chosen)
            self._run(*chosen)
        raise AssertionError("it never comes to rest")

    def pass_time(self, seconds: float) -> None:
        """Passes the time, and runs each timer when it is due."""
        end = self.now + timedelta(seconds=seconds)
        self.run_due()
        while due := sorted(d.due for _, d in self.deferred if d.due <= end):
            self.now = max(self.now, due[0])
            self.run_due()
        self.now = end

    def work(self, flow: str, path: str) -> None:
        """A worker takes the job of this task run."""
        execution = self.one(flow)
        number = execution.tasks[path].attempt + 1
        self.submit(execution.id, Start(path, number, new_id(), "worker:w1", new_id()), ENGINE)

    def finish(self, flow: str, path: str, state: AttemptState, **result: Any) -> None:
        execution = self.one(flow)
        task = execution.tasks[path]
        assert task.lease, f"{path} of {flow} is {task.state}"
        self.submit(
            execution.id,
            Finish(path, task.lease, task.attempt, outcome_of(state), **result),
            ENGINE,
        )
        self.run_due()

    def folds(self) -> bool:
        """Checks that the events of each execution fold to its snapshot, except for leases."""
        for id, known in self.executions.items():
            folded = fold(known.plan, [event for event in self.events if event.execution_id == id])
            for path, task in known.tasks.items():
                same = folded.tasks[path]
                if (task.state, task.child, task.standing, task.error, task.clock_base) != (
                    same.state,
                    same.child,
                    same.standing,
                    same.error,
                    same.clock_base,
                ):
                    return False
            if (folded.state, folded.paused, folded.killing, folded.clock) != (
                known.state,
                known.paused,
                known.killing,
                known.clock,
            ):
                return False
        return True

    # -- deferred commands --------------------------------------------------------------------------------------------

    def _run(self, id: UUID, deferred: Deferred) -> None:
        command: Any = deferred.command
        if isinstance(command, Evaluate):
            self._evaluate(id, command)
        elif isinstance(command, StartChild):
            self._start_child(id, command)
        else:
            self._try(
                lambda: self.submit(
                    id, command, CommandOrigin("engine", ENGINE.channel, deferred.reason)
                )
            )

    def _try(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except Refused:
            return False
        return True

    def _evaluate(self, id: UUID, command: Evaluate) -> None:
        execution = self.executions[id]
        if command.path is None:
            self.submit(id, Conclude({}), ENGINE)
            return
        task, number = execution.tasks[command.path], command.attempt or 0
        if command.condition:
            self.submit(id, SetCondition(command.path, number, True), ENGINE)
            return
        spec = execution.spec_of(task)
        values: dict[str, Any] = {"inputs": {}, "labels": {}}
        if isinstance(spec, ForeachTask):
            values = {"items": spec.items}
        elif isinstance(spec, ApprovalTask):
            values = {"message": spec.message}
        elif isinstance(spec, WaitTask):
            values = {"seconds": spec.duration or 0}
        self.submit(id, Prepare(command.path, number, values), ENGINE)

    def _start_child(self, id: UUID, command: StartChild) -> None:
        """As runner/launch/subflows.py does."""
        execution = self.executions[id]
        task = execution.tasks[command.path]
        if task.state != "RUNNING" or task.attempt != command.attempt or task.child:
            return
        spec = execution.spec_of(task)
        assert isinstance(spec, SubflowTask)
        parent = Parent(id, command.path, command.attempt)
        earlier = [e for e in self.executions.values() if _is_of(e, parent)]
        again = task.attempt_base > 0 and task.attempt == task.attempt_base + 1
        last = earlier[-1] if earlier else None
        if last and last.state != "KILLING" and (again or not last.ended):
            resumes = spec.restart_child is RestartChild.RESUME
            if resumes and self._try(lambda: self.submit(last.id, ResumeChild(parent), MARIA)):
                return
        if last and not last.ended:
            self.submit(id, AwaitChild(command.path, command.attempt), ENGINE)
            return
        create = Create(self.plans[spec.flow], links=Links(parent=parent))
        transition = begin(create, self._context(MARIA), new_id())
        try:
            adopted = self._adopted(parent, transition.execution)
        except Refused:
            return
        self._take(transition)
        self._take(adopted)

    def _adopted(self, parent: Parent, child: Execution) -> Transition:
        adopt = Adopt(parent.path, parent.attempt, child.id, child.seq)
        return decide(self.executions[parent.execution_id], adopt, self._context(ENGINE))

    def _parent(self, command: Command) -> Execution | None:
        if isinstance(command, FollowParent | ResumeChild | StopChild):
            return self.executions[command.parent.execution_id]
        return None

    def _context(self, origin: CommandOrigin, parent: Execution | None = None) -> Context:
        return Context(self.now, new_id, lambda: 0.0, origin, parent=parent)

    def _take(self, transition: Transition) -> UUID:
        check_moves(transition.events)
        execution = transition.execution
        self.executions[execution.id] = execution
        self.events += transition.events
        self.deferred += [(each.to or execution.id, each) for each in transition.deferred]
        return execution.id


def _is_of(execution: Execution, parent: Parent) -> bool:
    own = execution.parent
    return own is not None and (own.execution_id, own.path) == (parent.execution_id, parent.path)


ORDERS: list[random.Random | None] = [None, *map(random.Random, range(5))]
"""The order in which commands are deferred, and some random ones."""


WORK = "tasks: [{id: work, type: shell, run: work}]\n"
ASK = 'tasks: [{id: ok, type: approval, message: "go?"}]\n'
MORE = "{id: other, type: shell, run: x}"
LAST = """
errors: [{id: sorry, type: shell, run: x}]
finally: [{id: tidy, type: shell, run: x}]
"""
DEPTHS = [1, 3]


def family(
    depth: int,
    leaf: str = WORK,
    task: str = "",
    head: str = "",
    order: random.Random | None = None,
    more: str = "",
) -> Family:
    """The flow `top` waits for `mid2`, that for `mid1`, that for `leaf`; `task` are settings of the topmost subflow."""
    between = [f"mid{n}" for n in range(depth - 1, 0, -1)]
    flows = {"top": head + waits_for([*between, "leaf"][0], task, more)}
    for name, child in pairwise([*between, "leaf"]):
        flows[name] = waits_for(child)
    made = Family({**flows, "leaf": leaf}, order)
    made.run_due()
    return made


def waits_for(child: str, settings: str | None = None, second: str = "") -> str:
    """With `settings` of the subflow, another task runs after it however it ends."""
    after = (
        ""
        if settings is None
        else ", {id: after, type: shell, run: x, needs: [sub], run_if: always}"
    )
    settings, second = f", {settings}" if settings else "", f", {second}" if second else ""
    return f"tasks: [{{id: sub, type: subflow, flow: {child}{settings}}}{after}{second}]\n"


def at_work(depth: int, task: str = "", head: str = "", **more: str) -> Family:
    made = family(depth, WORK, task, head, **more)  # type: ignore[arg-type]
    made.work("leaf", "work")
    return made


def submit(made: Family, command: Command) -> None:
    made.submit(made.root, command)
    made.run_due()


def vote(made: Family, decision: VoteDecision) -> None:
    leaf = made.one("leaf")
    approval = leaf.tasks["ok"].approval
    assert approval and approval.state is ApprovalState.PENDING
    made.submit(leaf.id, CastVote(approval.id, decision, frozenset({"admin"})))
    made.run_due()
