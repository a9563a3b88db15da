"""The policy of an approval, and counting its votes. Pure."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from models.spec.tasks import ApprovalTask
from models.states import CommentRule, OnReject, OnTimeout, VoteDecision


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    users: tuple[str, ...]
    roles: tuple[str, ...]
    required: int

    def holds(self, user: str, roles: Set[str]) -> bool:
        return user in self.users or bool(roles & set(self.roles))


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """A copy of the task's settings, made when its task run begins to wait. Times are seconds.

    Every group must be satisfied; a person counts for one group. A policy that names no one is open to everyone.
    """

    groups: tuple[Group, ...]
    allow_self: bool = True
    comment: CommentRule = CommentRule.NEVER
    form: tuple[Mapping[str, Any], ...] = ()
    timeout: float | None = None
    on_timeout: OnTimeout = OnTimeout.REJECT
    remind_every: float | None = None
    escalate_after: float | None = None
    escalate_roles: tuple[str, ...] = ()
    on_reject: OnReject = OnReject.REJECT

    @classmethod
    def of(cls, spec: ApprovalTask) -> "ApprovalPolicy":
        if spec.groups:
            groups = tuple(Group(g.name, g.users, g.roles, g.required) for g in spec.groups)
        else:
            groups = (Group("", spec.users, spec.roles, spec.required),)
        return cls(
            groups,
            allow_self=spec.allow_self,
            comment=spec.comment,
            form=tuple(field.model_dump(mode="json", exclude_unset=True) for field in spec.form),
            timeout=spec.timeout,
            on_timeout=spec.on_timeout,
            remind_every=spec.remind_every,
            escalate_after=spec.escalate.after if spec.escalate else None,
            escalate_roles=spec.escalate.roles if spec.escalate else (),
            on_reject=spec.on_reject,
        )

    @property
    def users(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(user for group in self.groups for user in group.users))

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(role for group in self.groups for role in group.roles))

    @property
    def required(self) -> int:
        return sum(group.required for group in self.groups)

    @property
    def is_open(self) -> bool:
        return not self.users and not self.roles

    def groups_of(self, user: str, roles: Set[str]) -> tuple[str, ...]:
        """Returns the groups that this person may count for; empty if the person may not vote."""
        if self.is_open:
            return tuple(group.name for group in self.groups)
        return tuple(group.name for group in self.groups if group.holds(user, roles))

    def needs_comment(self, decision: VoteDecision) -> bool:
        rejects = decision is VoteDecision.REJECT
        return self.comment is CommentRule.ALWAYS or (
            self.comment is CommentRule.ON_REJECT and rejects
        )

    def seats_filled(self, voters: Sequence[Sequence[str]]) -> Mapping[str, int]:
        """Returns how many seats of each group the approvers fill: a maximum matching with one seat per approver.

        `voters` are the groups that each approver may count for.
        """
        seats = [(group.name, n) for group in self.groups for n in range(group.required)]
        taken: dict[tuple[str, int], int] = {}
        for voter in range(len(voters)):
            _seat(voter, voters, seats, taken, set())
        return {group.name: sum(name == group.name for name, _ in taken) for group in self.groups}


def _seat(
    voter: int,
    voters: Sequence[Sequence[str]],
    seats: Sequence[tuple[str, int]],
    taken: dict[tuple[str, int], int],
    tried: set[tuple[str, int]],
) -> bool:
    """Gives the voter a seat and moves others if necessary (an augmenting path). Returns whether there was a seat."""
    for seat in seats:
        if seat[0] not in voters[voter] or seat in tried:
            continue
        tried.add(seat)
        if seat not in taken or _seat(taken[seat], voters, seats, taken, tried):
            taken[seat] = voter
            return True
    return False


def scheduled_by(trigger: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Returns the actor who saved the schedule that started the execution (or the replayed one): also a starter."""
    saved_by = (trigger or {}).get("savedBy")
    return (saved_by,) if isinstance(saved_by, str) else ()
