"""The inputs of the contract, each turned into the domain's own words by `to_...`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from models.errors import ProblemCode, Refused
from models.filters import And, Field, Filter, Not, Operator, Or, Term
from models.states import ApprovalState, ExecutionState, FailureAction, LabelMode
from runner.launch import Launch
from schema.scalars import JSON


@strawberry.input
class LabelInput:
    key: str
    value: str


def labels_from(labels: Sequence[LabelInput] | None) -> dict[str, str]:
    """As a mapping; a key given twice is refused, since one of the two would be lost."""
    found: dict[str, str] = {}
    for label in labels or ():
        if label.key in found:
            raise Refused.because(
                ProblemCode.VALIDATION, f"label {label.key!r} is given twice", "labels"
            )
        found[label.key] = label.value
    return found


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
    created_at: DateTimeFilter | None = None
    started_at: DateTimeFilter | None = None
    ended_at: DateTimeFilter | None = None
    and_: list["ExecutionFilter"] | None = strawberry.field(name="and", default=None)
    or_: list["ExecutionFilter"] | None = strawberry.field(name="or", default=None)
    not_: "ExecutionFilter | None" = strawberry.field(name="not", default=None)

    def to_filter(self) -> Filter:
        parts: list[Filter] = []
        for given, field in (
            (self.namespace, Field.NAMESPACE),
            (self.flow, Field.FLOW),
            (self.kind, Field.KIND),
            (self.created_at, Field.CREATED_AT),
            (self.started_at, Field.STARTED_AT),
            (self.ended_at, Field.ENDED_AT),
        ):
            parts += given.terms(field) if given else []
        parts += self.state.terms() if self.state else []
        parts += self.labels.terms() if self.labels else []
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
class SaveFlowInput:
    source: str


@strawberry.input
class CreateExecutionInput:
    namespace: str
    flow: str
    revision: int | None = None
    inputs: JSON | None = None
    labels: list[LabelInput] | None = None
    kind: str | None = None
    on_failure: FailureAction | None = None
    disabled_tasks: list[str] | None = None
    rerun_of: strawberry.ID | None = None
    no_cache: bool | None = None
    priority: int | None = None
    scheduled_at: datetime | None = None
    idempotency_key: str | None = None
    reason: str | None = None

    def to_launch(self) -> Launch:
        self._refuse_not_yet()
        inputs: object = {} if self.inputs is None else self.inputs
        if not isinstance(inputs, dict):
            raise Refused.because(
                ProblemCode.VALIDATION,
                'inputs is an object of names and values, as {"day": "2026-01-31"}',
                "inputs",
            )
        return Launch(
            namespace=self.namespace,
            flow=self.flow,
            revision=self.revision,
            inputs=inputs,
            labels=labels_from(self.labels),
            kind=self.kind,
            on_failure=self.on_failure,
            disabled_tasks=tuple(self.disabled_tasks or ()),
            priority=self.priority or 0,
            idempotency_key=self.idempotency_key,
        )

    def _refuse_not_yet(self) -> None:
        for value, name in ((self.rerun_of, "rerunOf"), (self.scheduled_at, "scheduledAt")):
            if value is not None:
                raise Refused.because(
                    ProblemCode.NOT_YET, f"`{name}` is not built yet; leave it out", name
                )


@strawberry.input
class ActionInput:
    id: strawberry.ID
    reason: str | None = None
    expected_seq: int | None = None


@strawberry.input
class CancelExecutionInput(ActionInput):
    cascade: bool | None = None
    force: bool | None = None


@strawberry.input
class SetLabelsInput:
    id: strawberry.ID
    labels: list[LabelInput]
    mode: LabelMode | None = None
    reason: str | None = None


@strawberry.input
class DecideInput:
    approval_id: strawberry.ID
    comment: str | None = None
    form: JSON | None = None
    override: bool | None = None
    idempotency_key: str | None = None
