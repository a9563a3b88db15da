"""What lists are filtered by, each turned into the domain's own tree of conditions."""

from datetime import datetime
from typing import Any

import strawberry

from models.filters import And, Field, Filter, Not, Operator, Or, Term
from models.ids import untyped
from models.states import ApprovalState, Channel, ExecutionState, Origin
from runner.store.audit import Wanted
from schema.enums import ArchivedChoice
from schema.labels import LabelInput


@strawberry.input
class StringFilter:
    eq: str | None = None
    in_: list[str] | None = strawberry.field(name="in", default=None)
    prefix: str | None = None

    def terms(self, field: Field) -> list[Filter]:
        return _terms(
            field,
            {Operator.EQ: self.eq, Operator.IN: self.in_, Operator.PREFIX: self.prefix},
        )


@strawberry.input
class StateFilter:
    eq: ExecutionState | None = None
    in_: list[ExecutionState] | None = strawberry.field(name="in", default=None)
    not_in: list[ExecutionState] | None = None

    def terms(self) -> list[Filter]:
        return _terms(
            Field.STATE,
            {Operator.EQ: self.eq, Operator.IN: self.in_, Operator.NOT_IN: self.not_in},
        )


@strawberry.input
class DateTimeFilter:
    gte: datetime | None = None
    gt: datetime | None = None
    lt: datetime | None = None
    lte: datetime | None = None

    def terms(self, field: Field) -> list[Filter]:
        return _terms(
            field,
            {
                Operator.GTE: self.gte,
                Operator.GT: self.gt,
                Operator.LT: self.lt,
                Operator.LTE: self.lte,
            },
        )


@strawberry.input
class LabelFilter:
    has: LabelInput | None = None
    has_key: str | None = None

    def terms(self) -> list[Filter]:
        has = {self.has.key: self.has.value} if self.has else None
        return [
            *_terms(Field.LABEL, {Operator.HAS: has}),
            *_terms(Field.LABEL_KEY, {Operator.HAS: self.has_key}),
        ]


def _terms(field: Field, values: dict[Operator, Any]) -> list[Filter]:
    return [Term(field, operator, value) for operator, value in values.items() if value is not None]


@strawberry.input
class ExecutionFilter:
    namespace: StringFilter | None = None
    flow: StringFilter | None = None
    state: StateFilter | None = None
    kind: StringFilter | None = None
    labels: LabelFilter | None = None
    archived: ArchivedChoice | None = None
    include_tests: bool | None = None
    created_at: DateTimeFilter | None = None
    started_at: DateTimeFilter | None = None
    ended_at: DateTimeFilter | None = None
    origin: Origin | None = None
    commit: StringFilter | None = None
    branch: StringFilter | None = None
    and_: list["ExecutionFilter"] | None = strawberry.field(name="and", default=None)
    or_: list["ExecutionFilter"] | None = strawberry.field(name="or", default=None)
    not_: "ExecutionFilter | None" = strawberry.field(name="not", default=None)

    def to_filter(self) -> Filter:
        parts: list[Filter] = []
        for given, field in (
            (self.namespace, Field.NAMESPACE),
            (self.flow, Field.FLOW),
            (self.kind, Field.KIND),
            (self.commit, Field.COMMIT),
            (self.branch, Field.BRANCH),
            (self.created_at, Field.CREATED_AT),
            (self.started_at, Field.STARTED_AT),
            (self.ended_at, Field.ENDED_AT),
        ):
            parts += given.terms(field) if given else []
        parts += self.state.terms() if self.state else []
        parts += self.labels.terms() if self.labels else []
        parts += _terms(Field.ARCHIVED, {Operator.IN: self.archived and self.archived.value})
        parts += _terms(Field.ORIGIN, {Operator.EQ: self.origin})
        parts += _terms(Field.TESTS, {Operator.IN: self.include_tests or None})
        parts += [part.to_filter() for part in self.and_ or ()]
        if self.or_ is not None:
            parts.append(Or([part.to_filter() for part in self.or_]))
        if self.not_:
            parts.append(Not(self.not_.to_filter()))
        return And(parts)


def filter_from(where: ExecutionFilter | None) -> Filter:
    return where.to_filter() if where else And(())


@strawberry.input
class FlowFilter:
    namespace: StringFilter | None = None
    key: StringFilter | None = None
    enabled: bool | None = None


@strawberry.input
class ApprovalFilter:
    state: list[ApprovalState] | None = None
    execution_id: strawberry.ID | None = None
    mine: bool | None = None


@strawberry.input
class AuditFilter:
    actor: str | None = None
    action: list[str] | None = None
    namespace: str | None = None
    execution_id: strawberry.ID | None = None
    channel: list[Channel] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def to_wanted(self) -> Wanted:
        channels = None if self.channel is None else [channel.value for channel in self.channel]
        return Wanted(
            actor=self.actor,
            actions=self.action,
            namespace=self.namespace,
            execution_id=untyped("exec", self.execution_id) if self.execution_id else None,
            channels=channels,
            since=self.since,
            until=self.until,
        )
