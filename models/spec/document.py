"""Reads the YAML of the flow language: plain data, and the position of each value in the text.

Reads libyaml's events instead of using PyYAML's composer: depth and size are limited while reading, plain scalars have
the meaning of YAML 1.2 (`on` is a word, a date is text), and no Python objects are constructed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import yaml

from models.errors import Problem, ProblemCode, Refused
from models.json_text import WHOLE

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20
MAX_VALUES = 50_000
Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]{0,20})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
)
_WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_STANDARD_TAGS = {None, "!", "tag:yaml.org,2002:str"}


@dataclass(frozen=True, slots=True)
class Span:
    """The start and end of a value in the text; `key` is the position of its key."""

    start: int
    end: int
    key: int | None = None


@dataclass(frozen=True, slots=True)
class _Value:
    """A value with the spans of its parts, by their paths within it."""

    data: Any
    spans: Mapping[Path, Span]
    size: int
    sources: Mapping[Path, str] = field(default_factory=dict)


@dataclass(slots=True)
class Document:
    """`sources` has the spelling of the plain scalars that are not text: numbers, booleans, null."""

    source: str
    data: Any
    spans: Mapping[Path, Span]
    sources: Mapping[Path, str]
    problems: list[Problem] = field(default_factory=list)

    def problem(
        self,
        path: Path,
        message: str,
        code: ProblemCode = ProblemCode.VALIDATION,
        offset: int | None = None,
    ) -> Problem:
        """Returns a problem at the nearest existing value, or at an offset in the text at `path`."""
        near = path
        while near and near not in self.spans:
            near = near[:-1]
        span = self.spans.get(near, Span(0, 0))
        place = span.start if span.key is None or offset is not None else span.key
        if offset is not None:
            place = self._inside(span, near, offset)
        line, column = _position(self.source, place)
        return Problem(code, message, tuple(map(str, path)), line, column)

    def inexact(self, data: Any) -> Iterator[Problem]:
        """Yields problems for numbers that cannot be stored exactly. Older saved revisions may contain some."""
        for path, text in self.sources.items():
            if _is_inexact(text, _at(data, path)):
                message = f"{text} is a number that cannot be stored exactly; put it in quotes"
                yield self.problem(path, message, offset=0)

    def _inside(self, span: Span, path: Path, offset: int) -> int:
        """Returns the position of an offset in the source. No YAML style escapes braces, so the nth `{{` of the value
        is the nth in its source."""
        value = _at(self.data, path)
        text = value if isinstance(value, str) else ""
        opening = re.compile(r"\{[{%]")
        before = [match.start() for match in opening.finditer(text) if match.start() <= offset]
        written = [match.start() for match in opening.finditer(self.source, span.start, span.end)]
        if not before or len(written) < len(before):
            return span.start
        distance = offset - before[-1]
        passed = text[before[-1] : offset]
        return written[len(before) - 1] + (0 if "\n" in passed else distance)

    def text_of(self, path: Path) -> str:
        """Returns the YAML of the value at `path`, without its indentation."""
        span = self.spans[path]
        margin = span.start - (self.source.rfind("\n", 0, span.start) + 1)
        text = self.source[span.start : span.end].rstrip()
        return re.sub(rf"\n {{1,{margin}}}", "\n", text) if margin else text


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def read_document(source: str) -> Document:
    """Raises Refused for invalid YAML, and for a text that is larger than a flow may be."""
    if len(source.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Refused.because(
            ProblemCode.PAYLOAD_TOO_LARGE, "a flow may have at most 1 MiB of text"
        )
    source = source.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    reader = _Reader(source)
    try:
        value = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context or "cannot be read")
        place = _index(source, mark) if mark is not None else 0
        raise _refused(source, place, f"not valid YAML: {problem}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise _refused(source, 0, f"not valid YAML: {str(error).splitlines()[0]}") from None
    return Document(source, value.data, value.spans, value.sources, reader.problems)


def _index(source: str, mark: Any) -> int:
    return min(int(mark.index), len(source))


def _position(source: str, place: int) -> tuple[int, int]:
    return source.count("\n", 0, place) + 1, place - (source.rfind("\n", 0, place) + 1) + 1


def _refused(source: str, place: int, message: str) -> Refused:
    line, column = _position(source, place)
    return Refused([Problem(ProblemCode.VALIDATION, message, (), line, column)])


class _Reader:
    """Builds the values of one document from its events."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.values = 0
        self.anchors: dict[str, _Value] = {}
        loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
        self.events: Iterator[Any] = yaml.parse(source, Loader=loader)

    def document(self) -> _Value:
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise _refused(self.source, 0, "the flow is empty; a flow begins with `id:`")
        value = self._value(event, 1)
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                place = _index(self.source, event.start_mark)
                raise _refused(self.source, place, "a text may hold one flow; a second begins here")
        return value

    def _next(self) -> Any:
        return next(self.events)

    def _fail(self, event: Any, message: str) -> Refused:
        return _refused(self.source, _index(self.source, event.start_mark), message)

    def _value(self, event: Any, depth: int) -> _Value:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag not in _STANDARD_TAGS:
            raise self._fail(event, f"tags such as {event.tag!r:.80} are not allowed in a flow")
        if depth > MAX_DEPTH:
            raise self._fail(event, f"nested more than {MAX_DEPTH} levels deep")
        self._count(event, 1)
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, depth)
        else:
            value = self._mapping(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        return value

    def _count(self, event: Any, size: int) -> None:
        self.values += size
        if self.values > MAX_VALUES:
            message = f"a flow may have at most {MAX_VALUES} values, with aliases expanded"
            raise self._fail(event, message)

    def _alias(self, event: Any) -> _Value:
        if event.anchor not in self.anchors:
            raise self._fail(event, f"there is no anchor `&{event.anchor}` before this alias")
        value = self.anchors[event.anchor]
        self._count(event, value.size)
        span = self._span(event, event)
        return _Value(value.data, {(): span}, value.size, value.sources)

    def _span(self, first: Any, last: Any) -> Span:
        return Span(_index(self.source, first.start_mark), _index(self.source, last.end_mark))

    def _scalar(self, event: Any) -> _Value:
        text: str = event.value
        data = _plain(text) if event.style is None or event.style == "" else text
        sources: dict[Path, str] = {} if isinstance(data, str) else {(): text}
        return _Value(data, {(): self._span(event, event)}, 1, sources)

    def _sequence(self, start: Any, depth: int) -> _Value:
        items: list[Any] = []
        spans: dict[Path, Span] = {}
        sources: dict[Path, str] = {}
        size = 1
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            item = self._value(event, depth + 1)
            spans.update({(len(items), *path): span for path, span in item.spans.items()})
            sources.update({(len(items), *path): text for path, text in item.sources.items()})
            items.append(item.data)
            size += item.size
        spans[()] = self._span(start, event)
        return _Value(items, spans, size, sources)

    def _mapping(self, start: Any, depth: int) -> _Value:
        pairs: dict[str, Any] = {}
        spans: dict[Path, Span] = {}
        sources: dict[Path, str] = {}
        size = 1
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, start)
            if key in pairs:
                self._note(event, f"the key `{key:.80}` is repeated")
            item = self._value(self._next(), depth + 1)
            pairs[key] = item.data
            spans.update({(key, *path): span for path, span in item.spans.items()})
            sources.update({(key, *path): text for path, text in item.sources.items()})
            value_span = item.spans[()]
            place = _index(self.source, event.start_mark)
            spans[(key,)] = Span(value_span.start, value_span.end, place)
            size += item.size
        spans[()] = self._span(start, event)
        return _Value(pairs, spans, size, sources)

    def _key(self, event: Any, mapping: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            if mapping.flow_style:
                raise self._fail(event, 'put the expression in quotes: "{{ ... }}"')
            raise self._fail(event, "a key must be text")
        text: str = event.value
        plain = event.style is None or event.style == ""
        if plain and text == "<<":
            raise self._fail(event, "merge keys (`<<`) are not allowed in a flow")
        if plain and not isinstance(_plain(text), str):
            raise self._fail(event, f"a key must be text; put {text!r:.80} in quotes")
        return text

    def _note(self, event: Any, message: str) -> None:
        self.problems.append(self._problem(event, message))

    def _problem(self, event: Any, message: str) -> Problem:
        line, column = _position(self.source, _index(self.source, event.start_mark))
        return Problem(ProblemCode.VALIDATION, message, (), line, column)


def _is_inexact(text: str, data: Any) -> bool:
    if isinstance(data, float):
        return not isfinite(data) or text.lstrip("+-").isdecimal()
    return isinstance(data, int) and data not in WHOLE


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
