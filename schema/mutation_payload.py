"""Payloads of mutations: the result, or the problems of a refusal."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from models import errors
from models.errors import ProblemCode, Refused
from runner.store.execution.nodes import APPROVAL
from runner.store.rows import ApprovalRow
from schema.context import Info
from schema.types.approval import Approval
from schema.types.problems import AlreadyDecided, Problem, problem_of

Payload = TypeVar("Payload")


async def payload_of(
    payload: Callable[..., Payload], info: Info, work: Awaitable[dict[str, Any]]
) -> Payload:
    """Awaits `work` and returns its result as a payload; if it raises Refused, a payload with only the problems."""
    try:
        result = await work
        info.context.refresh()  # rows that an earlier mutation of this document read may have changed
        return payload(**result)
    except Refused as refused:
        problems = [await _problem(info, problem) for problem in refused.problems]
        return payload(problems=problems)


async def _problem(info: Info, problem: errors.Problem) -> Problem:
    request = problem.details.get("request")
    if request is None:
        return problem_of(problem)
    row: ApprovalRow | None = await info.context.services.pool.fetchrow(APPROVAL, request)
    if row is None:
        gone = errors.Problem(ProblemCode.NOT_FOUND, "the execution was deleted just now")
        return problem_of(gone)
    return AlreadyDecided(
        code=problem.code,
        message=problem.message,
        path=list(problem.path) or None,
        request=Approval.of(row),
    )
