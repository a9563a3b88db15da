"""Decides who may vote on an approval request, and for which groups."""

from models.access.viewer import Permission, not_permitted
from models.errors import Problem, ProblemCode, Refused
from models.lifecycle.commands.commands import CastVote
from models.lifecycle.copies import copy_with
from models.lifecycle.snapshot import Approval, Execution

_OVERRIDE = "you may override it (--override), with a comment that says why"
_VOTED = Problem(ProblemCode.ALREADY_VOTED, "you have already voted, and votes cannot be changed")


def groups_of(
    execution: Execution, approval: Approval, persons: frozenset[str], command: CastVote, actor: str
) -> tuple[str, ...]:
    """Returns the groups that the vote counts for. Raises Refused if the actor may not vote."""
    if command.override:
        if not command.may_override:
            needed = not_permitted(Permission.OVERRIDE_APPROVAL, execution.plan.spec.namespace)
            raise Refused.because(ProblemCode.FORBIDDEN, needed)
        if has_voted(approval, persons):
            raise Refused([_VOTED])
        if not (command.comment or "").strip():
            raise Refused.because(
                ProblemCode.VALIDATION, "an override needs a comment that says why", "comment"
            )
        return ()
    if refused := why_not(execution, approval, actor, command.voter_roles, persons):
        if refused.code is ProblemCode.FORBIDDEN and command.may_override:
            refused = copy_with(refused, message=f"{refused.message}; {_OVERRIDE}")
        raise Refused([refused])
    return _eligible_for(approval, actor, command.voter_roles)


def why_not(
    execution: Execution,
    approval: Approval,
    actor: str,
    roles: frozenset[str],
    same_person: frozenset[str] = frozenset(),
) -> Problem | None:
    """Returns why this person may not vote now: not named by the policy, started the execution, or has voted already.
    `same_person` are the person's other actors: their tokens, and services that they own."""
    persons = same_person | {actor}
    if not _eligible_for(approval, actor, roles):
        return Problem(ProblemCode.FORBIDDEN, _who_may(approval))
    starters = persons.intersection(execution.started_by)
    if starters and not approval.policy.allow_self:
        return _self(actor, starters)
    return _VOTED if has_voted(approval, persons) else None


def has_voted(approval: Approval, persons: frozenset[str]) -> bool:
    """Checks for a vote of one of these actors of the same person."""
    return any(vote.actor in persons for vote in approval.votes)


def _who_may(approval: Approval) -> str:
    policy = approval.policy
    names = (*policy.users, *(f"role {role}" for role in (*policy.roles, *approval.escalated)))
    return f"only {', '.join(names)} may decide this"


def _eligible_for(approval: Approval, actor: str, roles: frozenset[str]) -> tuple[str, ...]:
    groups = approval.policy.groups_of(actor.partition(":")[2], roles)
    if not groups and roles & set(approval.escalated):
        return tuple(group.name for group in approval.policy.groups)
    return groups


def _self(actor: str, starters: frozenset[str]) -> Problem:
    """Names the person's other actors, if one of those started the execution."""
    yours = "" if actor in starters else f" ({', '.join(sorted(starters))} is yours)"
    cause = f"you started or restarted this execution, or caused its start{yours}"
    sentence = f"{cause}, so you may not decide this (`allow_self: false`); someone else has to"
    return Problem(ProblemCode.SELF_APPROVAL, sentence)
