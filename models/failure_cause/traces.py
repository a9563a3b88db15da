"""Finds exceptions that span several lines: Python, JVM, JavaScript and C++."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.failure_cause.shapes import Shape, Take, Weight

_PYTHON = Shape(
    "python traceback", Weight.CRASH, re.compile(r"Traceback \(most recent call last\):$")
)
_GROUP = Shape("python group", Weight.CRASH, re.compile(r"\s*\+ Exception Group Traceback "))
_STACK = Shape("stack", Weight.CRASH, re.compile(r"\s+at \S"), Take.LAST)
_CPP = Shape(
    "c++", Weight.CRASH, re.compile(r"terminate called after throwing an instance of '(.+)'")
)
_RELAYED = re.compile(r"(?:\w+\.)*CalledProcessError\b")
_IGNORED = re.compile(
    r"Exception ignored |Error in (?:atexit|sys\.excepthook)|Original exception was"
)
_DIRECT = re.compile(r"The above exception was the direct cause")
_MEANWHILE = re.compile(r"During handling of the above exception")
_BETWEEN = re.compile(r"Traceback \(most|The above exception was|During handling of the above")
_CAUSED = "caused by"
_CONTINUES = re.compile(r".*:$")
_LISTS = re.compile(r".*validation errors? for \S+$")
_HEAD = re.compile(
    r"\s*(?:Exception in thread \"[^\"]*\" |Unhandled exception\. |Uncaught )?"
    r"(?P<text>(?:[\w$]+[./])*[A-Z$][\w$]*(?:Error|Exception|Throwable|Rejection|Failure)?(?:: .*|:| \[.*|$))"
)
_CAUSED_BY = re.compile(r"(?:Caused by: |\s+\[cause\]: |\s+---> )(?P<text>.+)")
_LOOK_BACK = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A cause, and its lines: from `start` to before `stop`."""

    start: int
    stop: int
    shape: Shape
    weight: Weight
    text: str


def traces(lines: Sequence[str]) -> Iterator[Found]:
    """Yields all exceptions in order; an exception and those raised while handling it are one."""
    at = 0
    while at < len(lines):
        found = _trace_at(lines, at)
        if found:
            yield found
        at = found.stop if found else at + 1


def _trace_at(lines: Sequence[str], at: int) -> Found | None:
    line = lines[at]
    if _IGNORED.match(line):
        return _ignored(lines, at)
    if _PYTHON.pattern.match(line):
        return _python(lines, at)
    if _GROUP.pattern.match(line):
        return _group(lines, at)
    if _STACK.pattern.match(line):
        return _stack(lines, at)
    if thrown := _CPP.pattern.match(line):
        says = lines[at + 1].strip() if at + 1 < len(lines) else ""
        text = ": ".join(filter(None, (thrown[1], says.removeprefix("what():").strip())))
        return Found(at, at + 2, _CPP, Weight.CRASH, text)
    return None


def _ignored(lines: Sequence[str], at: int) -> Found:
    """Returns, as noise, the lines in which Python reports an exception that it ignored."""
    after = at + 1
    if after < len(lines) and _PYTHON.pattern.match(lines[after]):
        after = _end_of_frames(lines, after + 1)
    return Found(at, after + 1, _PYTHON, Weight.NOISE, "")


# -- Python -----------------------------------------------------------------------------------------------------------


def _python(lines: Sequence[str], at: int) -> Found | None:
    """Reads one traceback, or a chain: the last exception ended the program, the first one caused it."""
    start, deepest, link = at, "", ""
    while True:
        raised = _end_of_frames(lines, at + 1)
        if raised >= len(lines):
            return None
        text, stop = _continued(lines, raised)
        following = _next_in_chain(lines, stop)
        shown = f"{text} ({link} {deepest})" if deepest not in ("", text) else text
        if following is None:
            weight = Weight.RELAY if _RELAYED.match(text) else Weight.CRASH
            return Found(start, stop, _PYTHON, weight, shown)
        at, how = following
        link = how if link != _CAUSED else link
        deepest = deepest or text


def _end_of_frames(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and (lines[at].startswith("  ") or not lines[at].strip()):
        at += 1
    return at


def _continued(lines: Sequence[str], at: int) -> tuple[str, int]:
    """Returns the line, joined with the following lines if it announces them, and the index after them."""
    text, stop = lines[at].strip(), at + 1
    for _ in range(2 if _LISTS.match(text) else 1 if _CONTINUES.match(text) else 0):
        while stop < len(lines) and not lines[stop].strip():
            stop += 1
        if stop >= len(lines) or _BETWEEN.match(lines[stop]):
            break
        text = f"{text.removesuffix(':')}: {lines[stop].strip()}"
        stop += 1
    return text, stop


def _next_in_chain(lines: Sequence[str], at: int) -> tuple[int, str] | None:
    """Returns the start of the next traceback of the chain, and its relation to this one; lines of the message may be
    between them."""
    for place in range(at, min(at + 40, len(lines))):
        if _PYTHON.pattern.match(lines[place]) or _IGNORED.match(lines[place]):
            return None
        direct = _DIRECT.match(lines[place])
        if direct or _MEANWHILE.match(lines[place]):
            for header in range(place + 1, min(place + 3, len(lines))):
                if _PYTHON.pattern.match(lines[header]):
                    return header, _CAUSED if direct else "while handling"
            return None
    return None


def _group(lines: Sequence[str], at: int) -> Found:
    """Reads an exception group: the group, then its members."""
    raised, stop = [], at + 1
    for line in lines[at + 1 :]:
        if not re.match(r"\s*[|+]", line):
            break
        stop += 1
        inner = re.match(r"\s*\| (\S.*)", line)
        if inner and not _PYTHON.pattern.match(inner[1]) and not _GROUP.pattern.match(inner[1]):
            raised.append(inner[1])
    first, *rest = raised or [lines[at].strip()]
    text = f"{first}: {'; '.join(rest)}" if rest else first
    return Found(at, stop, _GROUP, Weight.CRASH, text)


# -- stacks of `at ...` -----------------------------------------------------------------------------------------------


def _stack(lines: Sequence[str], at: int) -> Found | None:
    """Returns the exception above the first stack frame, with its root cause."""
    head = next(
        (
            place
            for place in range(at - 1, max(at - 1 - _LOOK_BACK, -1), -1)
            if _is_head(lines, place, at)
        ),
        None,
    )
    if head is None:
        return None
    matched = _HEAD.match(lines[head])
    assert matched
    text = matched["text"]
    if _CONTINUES.match(text):
        text, _ = _continued([text, *lines[head + 1 : at]], 0)
    stop, deepest = _below(lines, at)
    within = [caused["text"] for line in lines[head + 1 : at] if (caused := _CAUSED_BY.match(line))]
    deepest = deepest or (within[-1] if within else None)
    shown = f"{text} (caused by {deepest})" if deepest else text
    return Found(head, stop, _STACK, Weight.CRASH, shown)


def _is_head(lines: Sequence[str], place: int, at: int) -> bool:
    """Returns whether the line names an exception; a name without a usual ending must be directly above its stack."""
    matched = _HEAD.match(lines[place])
    if not matched:
        return False
    name = matched["text"].partition(":")[0].partition(" ")[0]
    return place == at - 1 or name.endswith(("Error", "Exception", "Throwable", "Rejection"))


def _below(lines: Sequence[str], at: int) -> tuple[int, str | None]:
    deepest = None
    while at < len(lines):
        caused = _CAUSED_BY.match(lines[at])
        if caused:
            deepest = caused["text"].removesuffix(" {").strip()
        elif not re.match(r"\s+(?:at |\.\.\. |\S+: |Suppressed: )|\}$", lines[at]):
            break
        at += 1
    return at, deepest
