"""The field names of the search language, with the synonyms of other tools."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from models.filters.filters import Field, Filter, Not, Operator, Or, Term
from models.states import EXECUTION_ENDS, ExecutionState
from models.trigger_kinds import TriggerKind


class Takes(Enum):
    """The kind of value that a field takes."""

    TEXT = "text"
    NAMESPACE = "a namespace"
    STATE = "a state"
    TIME = "a time"
    DURATION = "a duration"
    NUMBER = "a number"
    KEYED = "a key and a value"
    METRIC = "a key and a number"
    COMMIT = "a commit"
    ID = "an id"
    TRIGGER = "a kind of trigger or the key of a schedule"
    FLAG = "a word"
    FINGERPRINT = "the fingerprint of an error"


@dataclass(frozen=True, slots=True)
class Known:
    """A field. `about` is shown when a search is completed. `flags` maps the words of `is` and `has` to filters."""

    name: str
    takes: Takes
    about: str
    field: Field | None = None
    flags: Mapping[str, Filter] | None = None


Vocabulary = Mapping[str, Known]

_RUNNING = (
    ExecutionState.RUNNING,
    ExecutionState.FAILED_FINISHING,
    ExecutionState.KILLING,
    ExecutionState.RESTARTED,
)
_WAITING = (
    ExecutionState.CREATED,
    ExecutionState.QUEUED,
    ExecutionState.PAUSED,
    ExecutionState.WAITING_FOR_APPROVAL,
)
_CHILD = Term(Field.CHILD, Operator.EQ, True)
_IS: Mapping[str, Filter] = {
    "running": Term(Field.STATE, Operator.IN, _RUNNING),
    "waiting": Term(Field.STATE, Operator.IN, _WAITING),
    "ended": Term(Field.STATE, Operator.IN, tuple(sorted(EXECUTION_ENDS))),
    "archived": Term(Field.ARCHIVED, Operator.IN, (True,)),
    "retried": Term(Field.RETRIED, Operator.EQ, True),
    "test": Term(Field.LABEL, Operator.EXISTS, True, "system.test"),
    "child": _CHILD,
    "root": Not(_CHILD),
}
_HAS: Mapping[str, Filter] = {
    "error": Term(Field.ERROR, Operator.EQ, True),
    "notes": Term(Field.NOTES, Operator.EQ, True),
    "children": Term(Field.CHILDREN, Operator.EQ, True),
}
_ENABLED = Term(Field.ENABLED, Operator.EQ, True)


def _vocabulary(*known: Known, **synonyms: str) -> Vocabulary:
    by_name = {one.name: one for one in known}
    return by_name | {word: by_name[name] for word, name in synonyms.items()}


EXECUTIONS: Vocabulary = _vocabulary(
    Known("id", Takes.ID, "an id, exec_..., or its beginning and a *", Field.ID),
    Known(
        "namespace", Takes.NAMESPACE, "the namespace; acme.* is acme and all below", Field.NAMESPACE
    ),
    Known("flow", Takes.TEXT, "the key of the flow", Field.FLOW),
    Known("name", Takes.TEXT, "the name of the execution", Field.NAME),
    Known("state", Takes.STATE, "a state, or another tool's name for one", Field.STATE),
    Known("kind", Takes.TEXT, "the kind", Field.KIND),
    Known("label", Takes.KEYED, "a label, by its key", Field.LABEL),
    Known("property", Takes.KEYED, "a property, by its key", Field.PROPERTY),
    Known("input", Takes.KEYED, "an input, by its key", Field.INPUT),
    Known("metric", Takes.METRIC, "a metric, by its name: the value recorded last", Field.METRIC),
    Known("by", Takes.TEXT, "who created it", Field.CREATED_BY),
    Known("date", Takes.TIME, "when it started or, before that, was created", Field.DATE),
    Known("created", Takes.TIME, "when it was created", Field.CREATED_AT),
    Known("started", Takes.TIME, "when it started", Field.STARTED_AT),
    Known("ended", Takes.TIME, "when it ended", Field.ENDED_AT),
    Known("duration", Takes.DURATION, "how long it took, or has taken so far", Field.DURATION),
    Known("progress", Takes.NUMBER, "from 0 to 1", Field.PROGRESS),
    Known("origin", Takes.TEXT, "headway or external", Field.ORIGIN),
    Known("commit", Takes.COMMIT, "the beginning of a commit", Field.COMMIT),
    Known("branch", Takes.TEXT, "the branch of the code", Field.BRANCH),
    Known("error", Takes.FINGERPRINT, "the same error: its fingerprint", Field.FINGERPRINT),
    Known(
        "trigger", Takes.TRIGGER, "what started it: a kind, or the key of a schedule", Field.TRIGGER
    ),
    Known("schedule", Takes.TEXT, "the key of the schedule that started it", Field.SCHEDULE),
    Known("text", Takes.TEXT, "words of the name, the flow and the error", Field.TEXT),
    Known("is", Takes.FLAG, "a condition that the execution meets", flags=_IS),
    Known("has", Takes.FLAG, "something that it has", flags=_HAS),
    pipeline="flow",
    workflow="flow",
    status="state",
    type="kind",
    stage="kind",
    labels="label",
    tag="label",
    properties="property",
    inputs="input",
    metrics="metric",
    user="by",
    finished="ended",
    took="duration",
)
FLOWS: Vocabulary = _vocabulary(
    Known(
        "namespace", Takes.NAMESPACE, "the namespace; acme.* is acme and all below", Field.NAMESPACE
    ),
    Known("flow", Takes.TEXT, "the key of the flow", Field.FLOW),
    Known("kind", Takes.TEXT, "the kind", Field.KIND),
    Known("label", Takes.KEYED, "a label, by its key", Field.LABEL),
    Known("text", Takes.TEXT, "words of the key, the namespace and the description", Field.TEXT),
    Known(
        "is",
        Takes.FLAG,
        "enabled or disabled",
        flags={"enabled": _ENABLED, "disabled": Not(_ENABLED)},
    ),
    key="flow",
    pipeline="flow",
    workflow="flow",
    type="kind",
    stage="kind",
    labels="label",
    tag="label",
)

_REFERENCES: Mapping[str, tuple[ExecutionState, ...]] = {
    # Other tools have one word for everything that has not begun.
    "pending": (ExecutionState.CREATED, ExecutionState.QUEUED),
    "ready": (ExecutionState.CREATED,),
    "preparing": (ExecutionState.CREATED,),
    "waiting": (ExecutionState.WAITING_FOR_APPROVAL,),
    "completed": (ExecutionState.SUCCESS,),
    "succeeded": (ExecutionState.SUCCESS,),
    # Other tools call stopped executions "cancelled", which is also a state of Headway.
    "cancelled": (ExecutionState.CANCELLED, ExecutionState.KILLED),
    "canceled": (ExecutionState.CANCELLED, ExecutionState.KILLED),
}
STATE_WORDS: Mapping[str, tuple[ExecutionState, ...]] = {
    **{state.value.lower(): (state,) for state in ExecutionState},
    **_REFERENCES,
}
"""States by the words of people and other tools, in lower case with `_` between words."""

TRIGGER_WORDS: Mapping[str, TriggerKind] = {
    **{kind.value.lower(): kind for kind in TriggerKind},
    "scheduled": TriggerKind.SCHEDULE,
    "external": TriggerKind.RECORDED,
}


def states_named(word: str) -> tuple[ExecutionState, ...]:
    """Returns the states that a word means; the name of a state in capitals means this state only."""
    if word in ExecutionState.__members__:
        return (ExecutionState[word],)
    return STATE_WORDS.get(word.strip().lower().replace(" ", "_").replace("-", "_"), ())


def any_of(parts: list[Filter]) -> Filter:
    return parts[0] if len(parts) == 1 else Or(tuple(parts))
