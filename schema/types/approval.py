"""Requests for a decision."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry

from models.ids import typed
from models.lifecycle.votes import may_vote
from models.states import ApprovalState, CommentRule, VoteDecision
from models.viewer import Permission
from runner.store.json import load
from schema.context import Info
from schema.types.actors import Actor
from schema.types.node import Node
from schema.types.paging import Count, PageInfo

if TYPE_CHECKING:
    from schema.types.execution import Execution
    from schema.types.task_run import TaskRun


@strawberry.type
class Vote:
    actor: Actor
    decision: VoteDecision
    comment: str | None
    at: datetime
    override: bool

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            actor=Actor.of(row["actor"]),
            decision=VoteDecision(row["decision"]),
            comment=row["comment"],
            at=row["at"],
            override=row["override"],
        )


@strawberry.type
class Approval(Node):
    key: strawberry.Private[UUID]
    execution_key: strawberry.Private[UUID]
    task_run_key: strawberry.Private[UUID]
    state: ApprovalState
    message: str
    required: int
    users: list[str]
    roles: list[str]
    comment: CommentRule
    requested_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            id=strawberry.ID(typed("appr", row["id"])),
            key=row["id"],
            execution_key=row["execution_id"],
            task_run_key=row["task_run_id"],
            state=ApprovalState(row["state"]),
            message=row["message"],
            required=row["required"],
            users=load(row["users"]),
            roles=load(row["roles"]),
            comment=CommentRule(row["comment_rule"]),
            requested_at=row["requested_at"],
            decided_at=row["decided_at"],
        )

    @strawberry.field
    async def execution(
        self, info: Info
    ) -> Annotated["Execution", strawberry.lazy("schema.types.execution")]:
        from schema.types.execution import Execution

        return Execution.of(await info.context.loaders.execution.load(self.execution_key))

    @strawberry.field
    async def task_run(
        self, info: Info
    ) -> Annotated["TaskRun", strawberry.lazy("schema.types.task_run")]:
        from schema.types.task_run import task_run_by_id

        found = await task_run_by_id(info, self.execution_key, self.task_run_key)
        assert found
        return found

    @strawberry.field
    async def votes(self, info: Info) -> list[Vote]:
        return [Vote.of(row) for row in await info.context.loaders.votes.load(self.key)]

    @strawberry.field
    async def can_decide(self, info: Info) -> bool:
        viewer = info.context.viewer
        if self.state is not ApprovalState.PENDING or not viewer.may(Permission.APPROVE):
            return False
        snapshot = await info.context.loaders.snapshot.load(self.execution_key)
        requests = (task.approval for task in snapshot.tasks.values()) if snapshot else ()
        found = next((one for one in requests if one and one.id == self.key), None)
        return found is not None and may_vote(found, viewer.actor, viewer.roles)


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
