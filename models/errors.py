"""Refusals and faults.

HeadwayError
├── Refused            expected: becomes a Problem in the response, nothing was changed
└── Fault              not the caller's fault: the database is unavailable, an invariant is broken
    └── Unavailable    the database cannot be reached now; retry
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self


class ProblemCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID_STATE = "INVALID_STATE"
    CONFLICT = "CONFLICT"
    VALIDATION = "VALIDATION"
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    ALREADY_DECIDED = "ALREADY_DECIDED"
    ALREADY_VOTED = "ALREADY_VOTED"
    SELF_APPROVAL = "SELF_APPROVAL"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    NOT_YET = "NOT_YET"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason of a refusal. `path` leads to the wrong input; `line` and `column` count from 1."""

    code: ProblemCode
    message: str
    path: tuple[str, ...] = ()
    line: int | None = None
    column: int | None = None
    details: dict[str, Any] = field(default_factory=dict)


class HeadwayError(Exception):
    """Base class of the errors that Headway raises on purpose."""


class Refused(HeadwayError):
    """An expected refusal, with the problems that the client receives."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)

    @classmethod
    def because(cls, code: ProblemCode, message: str, *path: str, **details: Any) -> Self:
        return cls([Problem(code, message, path, details=details)])

    @classmethod
    def not_found(cls, message: str) -> Self:
        return cls.because(ProblemCode.NOT_FOUND, message)


class Fault(HeadwayError):
    """A bug, or a failure of something that Headway depends on."""


class Unavailable(Fault):
    """The database cannot be reached now; the same request may succeed later."""
