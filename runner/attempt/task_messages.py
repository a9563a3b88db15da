"""The messages of a task: JSON Lines on $HEADWAY_FD or in $HEADWAY_FILE, each an object of one kind or several."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.json_text import NotKept, check_kept, read_apart
from models.payloads import CannotBeStored, TooLarge

LONGEST = 16 * 1024 * 1024
"""Bytes of one line: outputs and properties may be in it, each as large as it may be, every character an escape."""

_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, Field(max_length=255, pattern=_PLAIN)]


class InvalidMessage(ValueError):
    """A line, or a part of one, that cannot be understood; the text says what is wrong with it."""


class InvalidOutput(InvalidMessage):
    """It was to be an output: without it the task must not succeed."""

    code: ClassVar[str] = CannotBeStored.code


class TooLongOutput(InvalidOutput):
    code = TooLarge.code


class TaskMessage(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(TaskMessage):
    output: dict[str, Any]


class OutputError(TaskMessage):
    """There is an output that the task could not write, and why."""

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
    """A file of the working directory, or something elsewhere that is only named."""

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
    """The code that runs."""

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
    """All that a line says, in its order, and what of it cannot be understood: one part takes no other along."""
    try:
        said, mended = read_apart(line)
    except NotKept as error:
        return [not_understood(line, str(error))]
    except ValueError as error:
        return [not_understood(line, f"it is no JSON: {error}")]
    if not isinstance(said, dict):
        return [not_understood(line, "it is no JSON object")]
    parts: dict[type[Message], dict[str, Any]] = {}
    unknown = [key for key in said if key not in _KINDS]
    for key, value in said.items():
        if key in _KINDS:
            parts.setdefault(_KINDS[key], {})[key] = value
    found = [_part(kind, part) for kind, part in parts.items()]
    if unknown:
        found.append(_unknown(unknown))
    return [*found, InvalidMessage(_MENDED)] if mended else found


_MENDED = "it holds what is no text (half a character, NUL, a byte that is not UTF-8); U+FFFD stands there"

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
    sentence = f"{', '.join(keys):.200} is none of the keys {', '.join(_KINDS)}"
    meant = any(key.lower() in ("output", "outputs") for key in keys)
    return InvalidOutput(f"{sentence}; write `output`") if meant else InvalidMessage(sentence)


def not_understood(line: bytes, sentence: str) -> InvalidMessage:
    """Says whether it was to be an output: then its attempt must not succeed."""
    if not _OUTPUT.search(line):
        return InvalidMessage(sentence)
    return InvalidOutput(
        f'{sentence}; an output is one line of JSON, as {{"output": {{"rows": 1}}}}'
    )


def _spelled(word: str) -> str:
    """A pattern for a word in JSON, any letter of which may be an escape."""
    return "".join(rf"(?:{letter}|\\u00{ord(letter):02x})" for letter in word)


_KEY = re.compile(rf'(?<!\\)"{_spelled("output")}(?:{_spelled("s")})?"'.encode(), re.IGNORECASE)
_OUTPUT = re.compile(
    _KEY.pattern + rb"""|'outputs?'\s*:|^\s*(?:\{\s*)?outputs?\s*(?:["']\s*)?[:=]""", re.IGNORECASE
)
"""Was to be an output, whatever it is: with quotes of Python, or with none, as a shell leaves it."""
_KEEP = "keep large values as an artifact"
_TORN = 64
"""Bytes of the longest spelling of the key, and more."""


class MessageCutter:
    """Bytes cut into lines; of a line that is too long only its length is counted, and whether an output is in it.

    No step is longer than one through the bytes that are fed: also where they hold blank lines alone, or no line end.
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
        """Takes the last line, when it came without a line end."""
        yield from self._complete()

    def _add(self, data: bytes) -> None:
        """Looks for an output where the line may become too long: when it does not come at once."""
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
            told = f"a line of {passed + len(line)} bytes; the limit is {self._longest}"
            yield (
                TooLongOutput(f"output in {told}: {_KEEP}") if has_output else InvalidMessage(told)
            )
        elif line.strip():
            yield line


def _sentence(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in error.errors(include_url=False)[:5]
    )
