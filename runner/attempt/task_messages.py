"""Parses the messages of a task: JSON Lines on $HEADWAY_FD or in $HEADWAY_FILE. A line may hold several messages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.json_text import NotKept, check_kept, read_apart
from models.payloads import CannotBeStored, TooLarge

LONGEST = 16 * 1024 * 1024
"""Bytes of one line: enough for outputs and properties of the largest size, with every character escaped."""

_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, Field(max_length=255, pattern=_PLAIN)]


class InvalidMessage(ValueError):
    """A line, or a part of one, that is not a valid message; the text says why."""


class InvalidOutput(InvalidMessage):
    """An invalid message that was meant as an output: without that output the task must not succeed."""

    code: ClassVar[str] = CannotBeStored.code


class TooLongOutput(InvalidOutput):
    code = TooLarge.code


class TaskMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(TaskMessage):
    output: dict[str, Any]


class OutputError(TaskMessage):
    """Reports an output that the task could not write, with the reason."""

    output_error: str


class Property(TaskMessage):
    property: dict[str, Any]


class Label(TaskMessage):
    label: dict[str, str]


class Progress(TaskMessage):
    """`progress` in [0, 1]."""

    progress: Annotated[float, Field(ge=0, le=1)] | None = None
    message: Annotated[str, Field(max_length=4096)] | None = None


class MetricValue(TaskMessage):
    name: Name
    value: Annotated[float, Field(allow_inf_nan=False)]
    kind: Literal["counter", "duration", "gauge"] = "gauge"
    step: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    tags: dict[str, Any] = Field(default_factory=dict)


class Metric(TaskMessage):
    metric: MetricValue


class ArtifactUse(TaskMessage):
    """A file in the working directory (`path`), or something elsewhere that is only referenced (`uri`)."""

    path: Name | None = None
    uri: Annotated[str, Field(max_length=4096, pattern=_PLAIN)] | None = None
    name: Name | None = None
    type: Name = "File"
    version: Name | None = None
    direction: Literal["IN", "OUT"] = "OUT"
    properties: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.uri is None):
            raise ValueError("either `path` or `uri` is needed")
        return self


class Artifact(TaskMessage):
    artifact: ArtifactUse


class GitInfo(TaskMessage):
    commit: Name | None = None
    branch: Name | None = None
    repository: Annotated[str, Field(max_length=4096, pattern=_PLAIN)] | None = None
    author: Name | None = None
    message: Annotated[str, Field(max_length=4096)] | None = None


class Git(TaskMessage):
    """The version of the code that runs."""

    git: GitInfo


Message = Output | OutputError | Property | Label | Progress | Metric | Artifact | Git

_KINDS: Mapping[str, type[Message]] = {
    "output": Output,
    "output_error": OutputError,
    "metric": Metric,
    "progress": Progress,
    "message": Progress,
    "artifact": Artifact,
    "property": Property,
    "label": Label,
    "git": Git,
}


def parse_line(line: bytes) -> list[Message | InvalidMessage]:
    """Returns the messages of a line in order, with an InvalidMessage for each invalid part: the other parts stay
    valid."""
    try:
        parsed, replaced = read_apart(line)
    except NotKept as error:
        return [not_understood(line, str(error))]
    except ValueError as error:
        return [not_understood(line, f"it is not valid JSON: {error}")]
    if not isinstance(parsed, dict):
        return [not_understood(line, "it is not a JSON object")]
    parts: dict[type[Message], dict[str, Any]] = {}
    unknown = [key for key in parsed if key not in _KINDS]
    for key, value in parsed.items():
        if key in _KINDS:
            parts.setdefault(_KINDS[key], {})[key] = value
    found = [_part(kind, part) for kind, part in parts.items()]
    if unknown:
        found.append(_unknown(unknown))
    return [*found, InvalidMessage(_REPLACED_CHARACTERS)] if replaced else found


_REPLACED_CHARACTERS = (
    "invalid text (half of a surrogate pair, NUL, a byte that is not UTF-8) was replaced by U+FFFD"
)

_NO_OBJECT = 'output must be an object of names and values, as {"output": {"rows": 1}}'


def _part(kind: type[Message], part: dict[str, Any]) -> Message | InvalidMessage:
    try:
        for key, value in part.items():
            check_kept(value, key)
        return kind.model_validate(part, strict=True)
    except ValidationError as error:
        sentence = _NO_OBJECT if kind is Output else _sentence(error)
    except NotKept as error:
        sentence = str(error)
    return InvalidOutput(sentence) if kind in (Output, OutputError) else InvalidMessage(sentence)


def _unknown(keys: Sequence[str]) -> InvalidMessage:
    sentence = f"unknown key {', '.join(keys):.200}; known keys are {', '.join(_KINDS)}"
    meant = any(key.lower() in ("output", "outputs") for key in keys)
    return InvalidOutput(f"{sentence}; write `output`") if meant else InvalidMessage(sentence)


def not_understood(line: bytes, sentence: str) -> InvalidMessage:
    """Returns InvalidOutput if the line seems to be meant as an output: then its attempt must not succeed."""
    if not _OUTPUT.search(line):
        return InvalidMessage(sentence)
    return InvalidOutput(
        f'{sentence}; an output is one line of JSON, as {{"output": {{"rows": 1}}}}'
    )


def _spelled(word: str) -> str:
    """A pattern for a word in JSON, in which any letter may be escaped."""
    return "".join(rf"(?:{letter}|\\u00{ord(letter):02x})" for letter in word)


_KEY = re.compile(rf'(?<!\\)"{_spelled("output")}(?:{_spelled("s")})?"'.encode(), re.IGNORECASE)
_OUTPUT = re.compile(
    _KEY.pattern + rb"""|'outputs?'\s*:|^\s*(?:\{\s*)?outputs?\s*(?:["']\s*)?[:=]""", re.IGNORECASE
)
"""Matches lines that seem to be meant as outputs: also with Python's quotes, or with none, as a shell leaves them."""
_KEEP = "keep large values as an artifact"
_TORN = 64
"""Bytes that may hold the beginning of the key at the end of a piece; more than its longest spelling."""


class MessageSplitter:
    """Splits bytes into lines. Of a line that is too long, only the length is kept, and whether it holds an output.

    Each call takes time linear in the bytes it is fed, also if these are all blank lines or have no line end.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._rest = bytearray()
        self._searched = 0
        self._passed = 0
        self._has_output = False

    def feed(self, data: bytes) -> Iterator[bytes | InvalidMessage]:
        *lines, rest = data.split(b"\n")
        for line in lines:
            if line or self._rest:
                self._add(line)
                yield from self._complete()
        self._add(rest)

    def end(self) -> Iterator[bytes | InvalidMessage]:
        """Yields the last line if it has no line end."""
        yield from self._complete()

    def _add(self, data: bytes) -> None:
        """Searches for an output only in lines that come in several pieces: these may become too long."""
        continues = bool(self._rest)
        self._rest += data
        if not continues and len(self._rest) <= self._longest:
            return
        self._has_output = self._has_output or bool(_KEY.search(self._rest, self._searched))
        self._searched = max(len(self._rest) - _TORN, 0)
        if self._passed or len(self._rest) > self._longest:
            self._passed += self._searched
            del self._rest[: self._searched]
            self._searched = 0

    def _complete(self) -> Iterator[bytes | InvalidMessage]:
        line, passed, has_output = bytes(self._rest), self._passed, self._has_output
        self._rest, self._searched, self._passed, self._has_output = bytearray(), 0, 0, False
        if passed:
            sentence = f"a line of {passed + len(line)} bytes; the limit is {self._longest}"
            yield (
                TooLongOutput(f"output in {sentence}: {_KEEP}")
                if has_output
                else InvalidMessage(sentence)
            )
        elif line.strip():
            yield line


def _sentence(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in error.errors(include_url=False)[:5]
    )
