"""Turns one condition of the search language into a term, by the type of the field and its operators."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from models.errors import Refused
from models.filters.filters import EVERYTHING, And, Field, Filter, Not, Operator, Term
from models.fingerprint import LENGTH
from models.ids import span_of, untyped
from models.search.fields import TRIGGER_WORDS, Known, Takes
from models.search.values import (
    Given,
    Moment,
    Unfit,
    number_from,
    seconds_from,
    span_from,
    states_containing,
    states_from,
)
from models.similar import word_meant
from models.states import Origin

COMPARISONS: Final[Mapping[str, Operator]] = {
    ">": Operator.GT,
    ">=": Operator.GTE,
    "<": Operator.LT,
    "<=": Operator.LTE,
}
_SAME = frozenset({":", "=", "!="})
_ALIKE = _SAME | {"~"}
_ORDERED = _SAME | COMPARISONS.keys()
OPERATORS: Final[Mapping[Takes, frozenset[str]]] = {
    Takes.TEXT: _ALIKE,
    Takes.NAMESPACE: _ALIKE,
    Takes.STATE: _ALIKE,
    Takes.COMMIT: _ALIKE,
    Takes.TRIGGER: _ALIKE,
    Takes.TIME: _ORDERED,
    Takes.DURATION: _ORDERED,
    Takes.NUMBER: _ORDERED,
    Takes.METRIC: _ORDERED,
    Takes.KEYED: _ALIKE | COMPARISONS.keys(),
    Takes.ID: _SAME,
    Takes.FLAG: _SAME,
    Takes.FINGERPRINT: _SAME,
}
_COMMIT = re.compile(r"[0-9a-f]{1,64}", re.ASCII)
_FINGERPRINT = re.compile(rf"[0-9a-f]{{{LENGTH}}}", re.ASCII)


def condition(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    """Returns the filter of a condition. Raises Unfit for a wrong value."""
    node = _READERS[known.takes](known, operator, value, key)
    return Not(node) if operator == "!=" else node


def between(known: Known, first: Given, last: Given, key: str | None) -> Filter:
    """Returns the filter of a range, which includes both ends (all of the last day). Raises Unfit."""
    if known.takes is Takes.TIME:
        start, end = span_from(first).start, span_from(last)
        below = Operator.LTE if end.start == end.end else Operator.LT
        return _both(_field(known), (Operator.GTE, start), (below, end.end))
    if known.takes is Takes.DURATION:
        low, high = seconds_from(first), seconds_from(last)
    elif known.takes in (Takes.NUMBER, Takes.KEYED, Takes.METRIC):
        low, high = number_from(first), number_from(last)
    else:
        raise Unfit(f"one value: `{known.name}` does not take a range")
    return _both(_field(known), (Operator.GTE, low), (Operator.LTE, high), key=key)


def words(value: Given) -> Filter:
    text = value.pattern if value.pattern is not None else value.text
    return Term(Field.TEXT, Operator.EQ, text) if text else EVERYTHING


def _field(known: Known) -> Field:
    assert known.field
    return known.field


def _both(field: Field, *ends: tuple[Operator, Any], key: str | None = None) -> Filter:
    terms = tuple(Term(field, operator, value, key) for operator, value in ends)
    return terms[0] if len(terms) == 1 else And(terms)


def _text(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    field = _field(known)
    if field is Field.TEXT:
        return words(value)
    if operator == "~":
        return Term(field, Operator.CONTAINS, value.text, key)
    if value.pattern == "":
        return Term(field, Operator.EXISTS, True, key)
    if value.pattern is not None:
        return Term(field, Operator.PREFIX, value.pattern, key)
    if field is Field.ORIGIN and value.text.upper() in Origin.__members__:
        return Term(field, Operator.EQ, value.text.upper(), key)
    return Term(field, Operator.EQ, value.text, key)


def _namespace(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    if operator != "~" and value.pattern is not None and value.pattern.endswith("."):
        return Term(_field(known), Operator.UNDER, value.pattern[:-1])
    return _text(known, operator, value, key)


def _state(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    states = states_containing(value) if operator == "~" else states_from(value)
    return Term(_field(known), Operator.IN, states)


def _commit(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    wanted = value.text.lower().removesuffix("*")
    if wanted == "" and value.pattern == "":
        return Term(_field(known), Operator.EXISTS, True)
    if not _COMMIT.fullmatch(wanted):
        raise Unfit("the beginning of a commit, in hexadecimal digits")
    kind = Operator.CONTAINS if operator == "~" else Operator.PREFIX
    return Term(_field(known), kind, wanted)


def _fingerprint(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    if value.pattern == "":
        return Term(_field(known), Operator.EXISTS, True)
    if not _FINGERPRINT.fullmatch(value.text.lower()):
        raise Unfit(
            f"the fingerprint of a failure, {LENGTH} hexadecimal digits; to search for its words, leave out `error:`"
        )
    return Term(_field(known), Operator.EQ, value.text.lower())


def _trigger(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    """Reads a trigger kind; any other word is the key of a schedule."""
    kind = TRIGGER_WORDS.get(value.text.lower())
    if operator != "~" and kind:
        return Term(Field.TRIGGER, Operator.IN, (kind,))
    return _text(replace(known, field=Field.SCHEDULE), operator, value, key)


def _time(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    """Compares with a day as a whole: `> 2026-01-01` begins on the 2nd."""
    field = _field(known)
    if value.pattern == "":
        return Term(field, Operator.EXISTS, True)
    span = span_from(value)
    whole = span.start != span.end
    ends: dict[str, tuple[Operator, Moment]] = {
        ">=": (Operator.GTE, span.start),
        "<": (Operator.LT, span.start),
        ">": (Operator.GTE if whole else Operator.GT, span.end),
        "<=": (Operator.LT if whole else Operator.LTE, span.end),
    }
    if operator in ends:
        return _both(field, ends[operator])
    if not whole:
        raise Unfit("a day, or >, >=, <, <= before a time")
    return _both(field, ends[">="], ends["<="])


def _duration(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    if operator not in COMPARISONS:
        raise Unfit("one of >, >=, <, <= before a duration, or a range such as duration:10m TO 30m")
    return Term(_field(known), COMPARISONS[operator], seconds_from(value))


def _number(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    if value.pattern == "":
        return Term(_field(known), Operator.EXISTS, True, key)
    compare = COMPARISONS.get(operator, Operator.EQ)
    return Term(_field(known), compare, number_from(value), key)


def _keyed(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    if operator in COMPARISONS:
        return Term(_field(known), COMPARISONS[operator], number_from(value), key)
    return _text(known, operator, value, key)


def _id(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    if value.pattern is not None and (span := span_of("exec", value.pattern)):
        return _both(_field(known), (Operator.GTE, span[0]), (Operator.LTE, span[1]))
    try:
        return Term(_field(known), Operator.EQ, untyped("exec", value.text))
    except Refused as refused:
        right = "the whole id of an execution, such as exec_01k..., or its beginning with a `*`"
        raise Unfit(right) from refused


def _flag(known: Known, operator: str, value: Given, key: str | None) -> Filter:
    flags = known.flags or {}
    if value.text.lower() not in flags:
        raise Unfit(f"one of its words{word_meant(value.text.lower(), flags)}")
    return flags[value.text.lower()]


_READERS: Final[Mapping[Takes, Callable[[Known, str, Given, str | None], Filter]]] = {
    Takes.TEXT: _text,
    Takes.NAMESPACE: _namespace,
    Takes.STATE: _state,
    Takes.COMMIT: _commit,
    Takes.TRIGGER: _trigger,
    Takes.TIME: _time,
    Takes.DURATION: _duration,
    Takes.NUMBER: _number,
    Takes.METRIC: _number,
    Takes.KEYED: _keyed,
    Takes.ID: _id,
    Takes.FLAG: _flag,
    Takes.FINGERPRINT: _fingerprint,
}
