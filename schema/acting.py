"""From a mutation's input to the engine, and from its verdict to the payload."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from models import errors
from models.errors import ProblemCode, Refused
from models.ids import untyped
from models.lifecycle.commands import CastVote, Command
from models.spec import parse_flow
from models.states import VoteDecision
from models.viewer import Permission
from runner.launch import prepare
from runner.store import flows
from runner.store.nodes import APPROVAL
from schema.context import Info
from schema.doors import needs, visible_execution
from schema.inputs import ActionInput, CreateExecutionInput, DecideInput
from schema.types.approval import Approval
from schema.types.execution import Execution
from schema.types.flow import Flow, FlowRevision
from schema.types.problems import AlreadyDecided, Problem, problem_of

Payload = TypeVar("Payload")


async def answered(
    payload: Callable[..., Payload], info: Info, work: Awaitable[dict[str, Any]]
) -> Payload:
    """The payload of what `work` gives; a refusal becomes its problems and nothing else."""
    try:
        return payload(**await work)
    except Refused as refused:
        problems = [await _problem(info, problem) for problem in refused.problems]
        return payload(problems=problems)


async def _problem(info: Info, problem: errors.Problem) -> Problem:
    request = problem.details.get("request")
    if request is None:
        return problem_of(problem)
    row = await info.context.services.pool.fetchrow(APPROVAL, request)
    return AlreadyDecided(
        code=problem.code,
        message=problem.message,
        path=list(problem.path) or None,
        request=Approval.of(row),
    )


async def save(info: Info, source: str) -> dict[str, Any]:
    needs(info, Permission.UPDATE_FLOW)
    spec = await asyncio.to_thread(parse_flow, source)
    if not info.context.viewer.scope.covers(spec.namespace):
        raise Refused.because(
            ProblemCode.FORBIDDEN, f"you may not save flows in {spec.namespace}", "namespace"
        )
    async with info.context.services.pool.acquire() as connection:
        flow, revision = await flows.save_flow(connection, spec, source, info.context.viewer.actor)
    return {"flow": Flow.of(flow), "revision": FlowRevision.of(revision)}


async def launch(info: Info, input: CreateExecutionInput) -> dict[str, Any]:
    needs(info, Permission.RUN_FLOW)
    services = info.context.services
    command = await prepare(
        services.pool,
        services.engine.plans,
        services.evaluator,
        info.context.viewer.scope,
        input.to_launch(),
    )
    transition = await services.engine.create(command, info.context.ask(input.reason))
    return {"execution": await _view(info, transition.execution.id)}


async def act(info: Info, input: ActionInput, command: Command) -> dict[str, Any]:
    needs(info, Permission.ACT_ON_EXECUTION)
    id = await visible_execution(info, input.id)
    await info.context.services.engine.execute(
        id, command, info.context.ask(input.reason, input.expected_seq)
    )
    return {"execution": await _view(info, id)}


async def decide(info: Info, input: DecideInput, decision: VoteDecision) -> dict[str, Any]:
    needs(info, Permission.APPROVE)
    for value, name in ((input.form, "form"), (input.override, "override")):
        if value:
            raise Refused.because(
                ProblemCode.NOT_YET, f"`{name}` is not built yet; leave it out", name
            )
    id = untyped("appr", input.approval_id)
    execution_id = await _execution_of(info, id)
    command = CastVote(id, decision, info.context.viewer.roles, input.comment)
    try:
        await info.context.services.engine.execute(
            execution_id, command, info.context.ask(input.comment)
        )
    except Refused as refused:
        raise _with_request(refused, id) from refused
    row = await info.context.services.pool.fetchrow(APPROVAL, id)
    return {"approval": Approval.of(row), "execution": await _view(info, execution_id)}


async def _execution_of(info: Info, approval_id: UUID) -> UUID:
    row = await info.context.services.pool.fetchrow(APPROVAL, approval_id)
    if row is None or await info.context.loaders.execution.load(row["execution_id"]) is None:
        raise Refused.not_found("no such approval request")
    execution_id: UUID = row["execution_id"]
    return execution_id


def _with_request(refused: Refused, approval_id: UUID) -> Refused:
    """ALREADY_DECIDED carries the request as it is now."""
    return Refused(
        [
            errors.Problem(
                problem.code, problem.message, problem.path, details={"request": approval_id}
            )
            if problem.code is ProblemCode.ALREADY_DECIDED
            else problem
            for problem in refused.problems
        ]
    )


async def _view(info: Info, id: UUID) -> Execution | None:
    """As it is after the commit: whatever was loaded before it is forgotten."""
    info.context.refresh()
    return Execution.maybe(await info.context.loaders.execution.load(id))
