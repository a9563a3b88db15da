"""Readers for the values after an operator: times, durations, numbers, states, each with its error message."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from models.durations import parse_duration
from models.filters.filters import Ago
from models.filters.words import NUMBER
from models.search.fields import STATE_WORDS, states_named
from models.similar import word_meant
from models.states import ExecutionState

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIMES = (
    "a date such as 2026-01-31, a time such as 2026-01-31T08:00, `today`, `yesterday`, "
    "or an offset such as -24h"
)

Moment = datetime | Ago


class Unfit(ValueError):
    """A value of the wrong type; the message completes the sentence `expected ...`."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written; `column` counts from 1. In quotes, `*` is an ordinary character."""

    text: str
    quoted: bool
    column: int

    @property
    def pattern(self) -> str | None:
        """The text before a `*` at the end."""
        return self.text[:-1] if not self.quoted and self.text.endswith("*") else None


@dataclass(frozen=True, slots=True)
class Span:
    """The time from `start` until before `end`: a day, or a single moment if both are equal."""

    start: Moment
    end: Moment


def number_from(given: Given) -> Decimal:
    if not NUMBER.fullmatch(given.text):
        raise Unfit("a number such as 0.5")
    return Decimal(given.text)


def seconds_from(given: Given) -> Decimal:
    try:
        return Decimal(repr(parse_duration(given.text)))
    except ValueError as error:
        raise Unfit("a duration such as 30m, 1h30m or 45s") from error


def span_from(given: Given) -> Span:
    for read in (_relative, _whole_day, _moment):
        try:
            found = read(given.text)
        except (ValueError, OverflowError) as error:
            raise Unfit(_TIMES) from error
        if found:
            return found
    raise Unfit(_TIMES)


def _relative(text: str) -> Span | None:
    days = {"today": 0, "yesterday": 86400}
    if text.lower() in days:
        ago = days[text.lower()]
        return Span(Ago(ago, midnight=True), Ago(ago - 86400, midnight=True))
    if text.lower() == "now":
        return Span(Ago(0), Ago(0))
    if text[:1] in ("-", "+"):
        sign = 1 if text[0] == "-" else -1
        ago_seconds = sign * parse_duration(text[1:])
        return Span(Ago(ago_seconds), Ago(ago_seconds))
    return None


def _whole_day(text: str) -> Span | None:
    if not _DAY.fullmatch(text):
        return None
    day = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Span(day, day + timedelta(days=1))


def _moment(text: str) -> Span | None:
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return Span(moment, moment)


def states_from(given: Given) -> tuple[ExecutionState, ...]:
    if given.pattern is not None:
        return _states_where(lambda name, wanted: name.startswith(wanted), given.pattern)
    if found := states_named(given.text):
        return found
    raise Unfit(f"a state{_state_meant(given.text)}")


def states_containing(given: Given) -> tuple[ExecutionState, ...]:
    return _states_where(lambda name, wanted: wanted in name, given.text)


def _states_where(fits: Callable[[str, str], bool], wanted: str) -> tuple[ExecutionState, ...]:
    found = tuple(state for state in ExecutionState if fits(state.value, wanted.upper()))
    if not found:
        raise Unfit(f"a part of a state{_state_meant(wanted)}")
    return found


def _state_meant(text: str) -> str:
    wanted = text.lower().replace(" ", "_").replace("-", "_")
    return word_meant(wanted, (state.value.lower() for state in ExecutionState), STATE_WORDS)
