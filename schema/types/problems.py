"""Refusals as data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import strawberry

from models import errors
from models.errors import ProblemCode
from models.lifecycle.action_permissions import permitted
from models.lifecycle.actions import Action, Availability
from models.states import ExecutionState
from schema.context import Info

if TYPE_CHECKING:
    from schema.types.approval import Approval


@strawberry.type
class ActionAvailability:
    action: Action
    allowed: bool
    code: ProblemCode | None
    reason: str | None

    @classmethod
    def of(cls, found: Availability) -> "ActionAvailability":
        return cls(action=found.action, allowed=found.allowed, code=found.code, reason=found.reason)


@strawberry.interface
class Problem:
    code: ProblemCode
    message: str
    path: list[str] | None


@strawberry.type
class GenericProblem(Problem):
    pass


@strawberry.type
class InvalidState(Problem):
    found: strawberry.Private[Sequence[Availability]]
    namespace: strawberry.Private[str]
    state: ExecutionState

    @strawberry.field
    def available_actions(self, info: Info) -> list[ActionAvailability]:
        permissions = info.context.viewer.permissions_in(self.namespace)
        narrowed = (permitted(one, permissions, self.namespace) for one in self.found)
        return [ActionAvailability.of(one) for one in narrowed]


@strawberry.type
class ValidationProblem(Problem):
    line: int | None
    column: int | None


@strawberry.type
class AlreadyDecided(Problem):
    request: Annotated["Approval", strawberry.lazy("schema.types.approval")]


def problem_of(problem: errors.Problem) -> Problem:
    """Returns a problem of the type that has the details of the refusal. ALREADY_DECIDED gets its request in
    `payload_of`."""
    path = list(problem.path) or None
    if "available_actions" in problem.details:
        return InvalidState(
            code=problem.code,
            message=problem.message,
            path=path,
            state=problem.details["state"],
            found=problem.details["available_actions"],
            namespace=problem.details["namespace"],
        )
    if problem.code in (ProblemCode.VALIDATION, ProblemCode.NOT_YET):
        return ValidationProblem(
            code=problem.code,
            message=problem.message,
            path=path,
            line=problem.line,
            column=problem.column,
        )
    return GenericProblem(code=problem.code, message=problem.message, path=path)
