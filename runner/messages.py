"""What a task may say: JSON Lines on $HEADWAY_FD or in $HEADWAY_FILE, each an object of one kind."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.json_text import NotKept, read_json

LONGEST = 1024 * 1024
"""Bytes of one line."""

_PLAIN = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[str, Field(max_length=255, pattern=_PLAIN)]


class Malformed(ValueError):
    """A line that says nothing that can be understood; the text says what is wrong with it."""


class Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(Said):
    output: dict[str, Any]


class Property(Said):
    property: dict[str, Any]


class Label(Said):
    label: dict[str, str]


class Progress(Said):
    """`progress` in [0, 1]."""

    progress: Annotated[float, Field(ge=0, le=1)] | None = None
    message: Annotated[str, Field(max_length=4096)] | None = None


class MetricValue(Said):
    name: Name
    value: Annotated[float, Field(allow_inf_nan=False)]
    kind: Literal["counter", "duration", "gauge"] = "gauge"
    step: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    tags: dict[str, Any] = Field(default_factory=dict)


class Metric(Said):
    metric: MetricValue


class ArtifactUse(Said):
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


class Artifact(Said):
    artifact: ArtifactUse


class GitInfo(Said):
    commit: Name | None = None
    branch: Name | None = None
    repository: Annotated[str, Field(max_length=4096, pattern=_PLAIN)] | None = None
    author: Name | None = None
    message: Annotated[str, Field(max_length=4096)] | None = None


class Git(Said):
    """The code that runs."""

    git: GitInfo


Message = Output | Property | Label | Progress | Metric | Artifact | Git

_KINDS: Mapping[str, type[Message]] = {
    "output": Output,
    "metric": Metric,
    "progress": Progress,
    "message": Progress,
    "artifact": Artifact,
    "property": Property,
    "label": Label,
    "git": Git,
}


def parse_message(line: bytes) -> Message:
    """Raises Malformed."""
    try:
        said = read_json(line)
    except NotKept as error:
        raise Malformed(str(error)) from error
    except ValueError as error:
        raise Malformed(f"it is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise Malformed("it is no JSON object")
    kind = next((_KINDS[key] for key in said if key in _KINDS), None)
    if kind is None:
        raise Malformed(f"it has none of the keys {', '.join(_KINDS)}")
    try:
        return kind.model_validate(said, strict=True)
    except ValidationError as error:
        raise Malformed(_sentence(error)) from error


class MessageCutter:
    """Bytes cut into lines; a line that is too long is passed over and told of."""

    def __init__(self) -> None:
        self._rest = b""
        self._passing_over = False

    def feed(self, data: bytes) -> Iterator[bytes | Malformed]:
        *lines, rest = data.split(b"\n")
        for line in lines:
            yield from self._complete(line)
        self._rest += rest if not self._passing_over else b""
        if len(self._rest) > LONGEST:
            self._rest, self._passing_over = b"", True
            yield Malformed(f"it is longer than {LONGEST} bytes")

    def end(self) -> Iterator[bytes | Malformed]:
        """What came without a line end."""
        if self._rest:
            yield from self._complete(b"")

    def _complete(self, last: bytes) -> Iterator[bytes | Malformed]:
        line, self._rest = self._rest + last, b""
        if self._passing_over:
            self._passing_over = False
        elif len(line) > LONGEST:
            yield Malformed(f"it is longer than {LONGEST} bytes")
        elif line.strip():
            yield line


def _sentence(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in error.errors(include_url=False)[:5]
    )
