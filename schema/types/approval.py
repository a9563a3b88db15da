"""Approval requests."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry
from pydantic import TypeAdapter

from models.access.viewer import Permission, not_permitted
from models.approval import ApprovalPolicy
from models.errors import Refused
from models.ids import typed
from models.lifecycle.approvals.voters import has_voted, why_not
from models.lifecycle.snapshot import Approval as Request
from models.lifecycle.snapshot import Execution as Snapshot
from models.spec import InputSpec
from models.states import ApprovalState, CommentRule, OnReject, OnTimeout, VoteDecision
from runner.history.point_in_time import past_of
from runner.store.json import load
from runner.store.rows import ApprovalRow, ExecutionRow, VoteRow
from schema.context import Info
from schema.loading.snapshots import row_of
from schema.scalars import JSON
from schema.types.actors import Actor
from schema.types.flow.flow import FlowInput
from schema.types.node import Node
from schema.types.paging import Count, PageInfo

if TYPE_CHECKING:
    from schema.types.execution.execution import Execution
    from schema.types.execution.task_run import TaskRun

_POLICY = TypeAdapter(ApprovalPolicy)


@strawberry.type
class Vote:
    actor: Actor
    decision: VoteDecision
    comment: str | None
    at: datetime
    override: bool
    form: JSON | None

    @classmethod
    def of(cls, row: VoteRow) -> Self:
        return cls(
            actor=Actor.of(row["actor"]),
            decision=VoteDecision(row["decision"]),
            comment=row["comment"],
            at=row["at"],
            override=row["override"],
            form=load(row["form"]),
        )


@strawberry.type
class ApprovalGroup:
    name: str
    users: list[str]
    roles: list[str]
    required: int
    given: int


@strawberry.type
class Approval(Node):
    policy: strawberry.Private[ApprovalPolicy]
    key: strawberry.Private[UUID]
    execution_key: strawberry.Private[UUID]
    task_run_key: strawberry.Private[UUID]
    state: ApprovalState
    message: str
    required: int
    users: list[str]
    roles: list[str]
    comment: CommentRule
    allow_self: bool
    form: list[FlowInput]
    on_timeout: OnTimeout
    on_reject: OnReject
    escalated_to: list[str]
    remind_every: float | None
    requested_at: datetime
    expires_at: datetime | None
    decided_at: datetime | None

    @classmethod
    def of(cls, row: ApprovalRow) -> Self:
        policy = _POLICY.validate_python(load(row["policy"]))
        return cls(
            id=strawberry.ID(typed("appr", row["id"])),
            policy=policy,
            key=row["id"],
            execution_key=row["execution_id"],
            task_run_key=row["task_run_id"],
            state=ApprovalState(row["state"]),
            message=row["message"],
            required=row["required"],
            users=load(row["users"]),
            roles=load(row["roles"]),
            comment=policy.comment,
            allow_self=policy.allow_self,
            form=[FlowInput.of(InputSpec.model_validate(dict(field))) for field in policy.form],
            on_timeout=policy.on_timeout,
            on_reject=policy.on_reject,
            escalated_to=load(row["escalated"]),
            remind_every=policy.remind_every,
            requested_at=row["requested_at"],
            expires_at=row["expires_at"],
            decided_at=row["decided_at"],
        )

    @strawberry.field
    async def execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution.execution")]:
        from schema.types.execution.execution import Execution

        return Execution.of(await row_of(info, self.execution_key))

    @strawberry.field
    async def task_run(
        self, info: Info
    ) -> Annotated["TaskRun", strawberry.lazy("schema.types.execution.task_run")]:
        from schema.types.execution.task_run import task_run_by_id

        found = await task_run_by_id(info, self.execution_key, self.task_run_key)
        if found is None:
            raise Refused.not_found("the execution was deleted just now")
        return found

    @strawberry.field
    async def votes(self, info: Info) -> list[Vote]:
        return [Vote.of(row) for row in await info.context.loaders.votes.load(self.key)]

    @strawberry.field
    async def groups(self, info: Info) -> list[ApprovalGroup]:
        votes: list[VoteRow] = await info.context.loaders.votes.load(self.key)
        filled = self.policy.seats_filled(
            [load(vote["groups"]) for vote in votes if vote["decision"] == VoteDecision.APPROVE]
        )
        return [
            ApprovalGroup(
                name=group.name,
                users=list(group.users),
                roles=list(group.roles),
                required=group.required,
                given=filled[group.name],
            )
            for group in self.policy.groups
        ]

    @strawberry.field
    async def can_decide(self, info: Info) -> bool:
        return await self._refusal(info) is None

    @strawberry.field
    async def cannot_decide_reason(self, info: Info) -> str | None:
        return await self._refusal(info)

    @strawberry.field
    async def can_override(self, info: Info) -> bool:
        viewer = info.context.viewer
        namespace = await self._namespace(info)
        needed = {Permission.APPROVE, Permission.OVERRIDE_APPROVAL}
        if self._is_over() or not viewer.permissions_in(namespace) >= needed:
            return False
        snapshot, request = await self._snapshot_and_request(info)
        if snapshot is None or request is None or snapshot.plan.unreadable:
            return False
        return not has_voted(request, viewer.same_person | {viewer.actor})

    async def _refusal(self, info: Info) -> str | None:
        """Returns why the viewer may not decide the request, or None."""
        viewer = info.context.viewer
        if over := self._is_over():
            return over
        namespace = await self._namespace(info)
        if not viewer.may(Permission.APPROVE, namespace):
            return not_permitted(Permission.APPROVE, namespace)
        snapshot, request = await self._snapshot_and_request(info)
        if snapshot is None or request is None:
            return "this approval request has been superseded; decide the newer one"
        if snapshot.plan.unreadable:
            return snapshot.plan.unreadable
        refused = why_not(
            snapshot, request, viewer.actor, viewer.roles_in(namespace), viewer.same_person
        )
        return refused.message if refused else None

    async def _namespace(self, info: Info) -> str:
        loader = info.context.loaders.execution
        row: ExecutionRow | None = await loader.load(self.execution_key)
        return row["namespace"] if row else ""

    def _is_over(self) -> str | None:
        if past := past_of(self.execution_key):
            return f"this is a past state, as of seq {past.seq}"
        if self.state is not ApprovalState.PENDING:
            return f"this request is already {self.state.value}"
        return None

    async def _snapshot_and_request(self, info: Info) -> tuple[Snapshot | None, Request | None]:
        """Returns the execution and the request as the engine sees them."""
        snapshot = await info.context.loaders.snapshot.load(self.execution_key)
        requests = (task.approval for task in snapshot.tasks.values()) if snapshot else ()
        return snapshot, next((one for one in requests if one and one.id == self.key), None)


@strawberry.type
class ApprovalEdge:
    node: Approval
    cursor: str


@strawberry.type
class ApprovalConnection:
    edges: list[ApprovalEdge]
    nodes: list[Approval]
    page_info: PageInfo
    total_count: Count
