"""Input types of list filters, and their conversion to the domain's filter tree."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import strawberry

from models.errors import Refused
from models.filters.filters import And, Field, Filter, Not, Operator, Or, Term, check_size
from models.ids import untyped
from models.search import EXECUTIONS, FLOWS, parse_search
from models.states import ApprovalState, Channel, Origin
from models.trigger_kinds import TriggerKind
from runner.store.audit import AuditCriteria
from schema.enums import ArchivedChoice
from schema.lists.operators import (
    DateTimeFilter,
    LabelFilter,
    MetricFilter,
    NumberFilter,
    StateFilter,
    StringFilter,
    ValueFilter,
    terms,
)

_TEXTS: Final[Mapping[str, Field]] = {
    "namespace": Field.NAMESPACE,
    "flow": Field.FLOW,
    "name": Field.NAME,
    "kind": Field.KIND,
    "created_by": Field.CREATED_BY,
    "commit": Field.COMMIT,
    "branch": Field.BRANCH,
    "error": Field.FINGERPRINT,
    "date": Field.DATE,
    "schedule": Field.SCHEDULE,
    "created_at": Field.CREATED_AT,
    "started_at": Field.STARTED_AT,
    "ended_at": Field.ENDED_AT,
    "duration": Field.DURATION,
    "progress": Field.PROGRESS,
}
_FLAGS: Final[Mapping[str, Field]] = {
    "retried": Field.RETRIED,
    "has_error": Field.ERROR,
    "has_notes": Field.NOTES,
    "has_children": Field.CHILDREN,
    "is_child": Field.CHILD,
}


@strawberry.input
class ExecutionFilter:
    id: list[strawberry.ID] | None = None
    text: str | None = None
    namespace: StringFilter | None = None
    flow: StringFilter | None = None
    name: StringFilter | None = None
    state: StateFilter | None = None
    kind: StringFilter | None = None
    labels: LabelFilter | None = None
    property: list[ValueFilter] | None = None
    input: list[ValueFilter] | None = None
    metric: list[MetricFilter] | None = None
    created_by: StringFilter | None = None
    archived: ArchivedChoice | None = None
    include_tests: bool | None = None
    date: DateTimeFilter | None = None
    created_at: DateTimeFilter | None = None
    started_at: DateTimeFilter | None = None
    ended_at: DateTimeFilter | None = None
    duration: NumberFilter | None = None
    progress: NumberFilter | None = None
    origin: Origin | None = None
    commit: StringFilter | None = None
    branch: StringFilter | None = None
    error: StringFilter | None = None
    retried: bool | None = None
    has_error: bool | None = None
    has_notes: bool | None = None
    has_children: bool | None = None
    is_child: bool | None = None
    trigger: list[TriggerKind] | None = None
    schedule: StringFilter | None = None
    and_: list["ExecutionFilter"] | None = strawberry.field(name="and", default=None)
    or_: list["ExecutionFilter"] | None = strawberry.field(name="or", default=None)
    not_: "ExecutionFilter | None" = strawberry.field(name="not", default=None)

    def to_filter(self) -> Filter:
        parts: list[Filter] = []
        for name, field in _TEXTS.items():
            given = getattr(self, name)
            parts += given.terms(field) if given else []
        parts += self.state.terms() if self.state else []
        parts += self.labels.terms() if self.labels else []
        parts += [one.to_filter(Field.PROPERTY) for one in self.property or ()]
        parts += [one.to_filter(Field.INPUT) for one in self.input or ()]
        parts += [one.to_filter() for one in self.metric or ()]
        parts += _words(self.text)
        parts += terms(Field.ARCHIVED, {Operator.IN: self.archived and self.archived.value})
        parts += terms(Field.ORIGIN, {Operator.EQ: self.origin})
        triggers = None if self.trigger is None else tuple(self.trigger)
        parts += terms(Field.TRIGGER, {Operator.IN: triggers})
        parts += terms(Field.TESTS, {Operator.IN: self.include_tests or None})
        parts += self._flags()
        parts += [part.to_filter() for part in self.and_ or ()]
        if self.or_ is not None:
            parts.append(Or([part.to_filter() for part in self.or_]))
        if self.not_:
            parts.append(Not(self.not_.to_filter()))
        return And(parts)

    def _flags(self) -> list[Filter]:
        found: list[Filter] = []
        for name, field in _FLAGS.items():
            found += terms(field, {Operator.EQ: getattr(self, name)})
        if self.id is not None:
            ids = [key for id in self.id if (key := _known(id))]
            found.append(Term(Field.ID, Operator.IN, tuple(ids)))
        return found


def _known(id: str) -> object:
    try:
        return untyped("exec", id)
    except Refused:
        return None


def _words(text: str | None) -> list[Filter]:
    return [Term(Field.TEXT, Operator.EQ, word) for word in (text or "").split()]


def filter_from(where: ExecutionFilter | None, search: str | None = None) -> Filter:
    """Combines both with AND. Raises Refused for a search that cannot be parsed."""
    parts = [check_size(where.to_filter(), "where")] if where else []
    return And([*parts, parse_search(search, EXECUTIONS)] if search else parts)


@strawberry.input
class FlowFilter:
    namespace: StringFilter | None = None
    key: StringFilter | None = None
    kind: StringFilter | None = None
    labels: LabelFilter | None = None
    text: str | None = None
    enabled: bool | None = None
    and_: list["FlowFilter"] | None = strawberry.field(name="and", default=None)
    or_: list["FlowFilter"] | None = strawberry.field(name="or", default=None)
    not_: "FlowFilter | None" = strawberry.field(name="not", default=None)

    def to_filter(self) -> Filter:
        parts: list[Filter] = []
        for given, field in (
            (self.namespace, Field.NAMESPACE),
            (self.key, Field.FLOW),
            (self.kind, Field.KIND),
        ):
            parts += given.terms(field) if given else []
        parts += self.labels.terms() if self.labels else []
        parts += _words(self.text)
        parts += terms(Field.ENABLED, {Operator.EQ: self.enabled})
        parts += [part.to_filter() for part in self.and_ or ()]
        if self.or_ is not None:
            parts.append(Or([part.to_filter() for part in self.or_]))
        if self.not_:
            parts.append(Not(self.not_.to_filter()))
        return And(parts)


def flow_filter_from(where: FlowFilter | None, search: str | None) -> Filter:
    parts = [check_size(where.to_filter(), "where")] if where else []
    return And([*parts, parse_search(search, FLOWS)] if search else parts)


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

    def to_wanted(self) -> AuditCriteria:
        channels = None if self.channel is None else [channel.value for channel in self.channel]
        return AuditCriteria(
            actor=self.actor,
            actions=self.action,
            namespace=self.namespace,
            execution_id=untyped("exec", self.execution_id) if self.execution_id else None,
            channels=channels,
            since=self.since,
            until=self.until,
        )
