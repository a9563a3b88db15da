"""Which line of a failed program's last ones says why it failed."""

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
    """The line, or the exception with what caused it; None when nothing that was written says why, or nothing of the
    `least` weight.

    What was written to stdout counts where stderr has nothing that looks like an error, and only if it does itself.
    """
    complaint, printed = _heaviest(stderr), _heaviest(stdout)
    error_beside = printed.weight >= Weight.ERROR > complaint.weight
    hint_beside = printed.weight >= Weight.HINT and complaint.weight < Weight.LAST_WORD
    best = printed if error_beside or hint_beside else complaint
    return _bounded(best.text) if best.weight >= least else None


def _heaviest(lines: Sequence[str]) -> Found:
    """Of the heaviest the one that its shape says."""
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
    """The line without the time, or the frame of a box, that it begins with."""
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
