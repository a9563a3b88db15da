"""Chooses, among the last lines of a failed program, the one that shows the cause."""

import re
from collections.abc import Sequence

from models.failure_cause.shapes import LAST_WORD, NOISE, SHAPES, Shape, Take, Weight
from models.failure_cause.traces import Found, traces

LONGEST = 500
"""Characters of a cause."""

_PREFIX = re.compile(
    r"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?\]?(?: |$)|│ ?"
)


def cause_of(
    stderr: Sequence[str], stdout: Sequence[str], least: Weight = Weight.WARNING
) -> str | None:
    """Returns the line, or the exception with its cause; None if no line has the `least` weight.

    A line of stdout is used only if it looks like an error and no line of stderr does.
    """
    complaint, printed = _heaviest(stderr), _heaviest(stdout)
    better_error = printed.weight >= Weight.ERROR > complaint.weight
    better_hint = printed.weight >= Weight.HINT and complaint.weight < Weight.LAST_WORD
    best = printed if better_error or better_hint else complaint
    return _bounded(best.text) if best.weight >= least else None


def _heaviest(lines: Sequence[str]) -> Found:
    """Returns the find with the greatest weight; the `take` of its shape decides between equal ones."""
    found = _all_found([without_time(line) for line in lines])
    heaviest = max((one.weight for one in found), default=Weight.NOISE)
    alike = [one for one in found if one.weight is heaviest]
    if heaviest is Weight.NOISE:
        return Found(0, 0, NOISE, Weight.NOISE, "")
    last = alike[-1]
    same = [one for one in alike if one.shape is last.shape]
    if last.shape.take is Take.FIRST:
        return same[0]
    if last.shape.take is Take.FIRST_OF_RUN:
        return _first_of_run(same)
    return last


def without_time(line: str) -> str:
    """Returns the line without a time, or the border of a box, at its start."""
    return _PREFIX.sub("", line, count=1).rstrip()


def _first_of_run(same: Sequence[Found]) -> Found:
    first = same[-1]
    for one in reversed(same[:-1]):
        if one.stop != first.start:
            break
        first = one
    return first


def _all_found(lines: Sequence[str]) -> list[Found]:
    found = list(traces(lines))
    read = {place for one in found for place in range(one.start, one.stop)}
    single = [_line(lines, place) for place in range(len(lines)) if place not in read]
    return sorted(found + single, key=lambda one: one.start)


def _line(lines: Sequence[str], place: int) -> Found:
    line = lines[place]
    if NOISE.pattern.match(line):
        return Found(place, place + 1, NOISE, Weight.NOISE, "")
    for shape in SHAPES:
        if matched := shape.pattern.match(line):
            return _shaped(lines, place, shape, matched)
    return Found(place, place + 1, LAST_WORD, Weight.LAST_WORD, line.strip())


def _shaped(lines: Sequence[str], place: int, shape: Shape, matched: re.Match[str]) -> Found:
    text = (matched.groupdict().get("text") or matched.string).strip()
    joined = [line.strip() for line in lines[place + 1 :] if line.strip()][: shape.joins]
    for more in joined:
        text = f"{text} {more}" if text.endswith(":") else f"{text}: {more}"
    return Found(place, place + 1, shape, shape.weight, text)


def _bounded(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
