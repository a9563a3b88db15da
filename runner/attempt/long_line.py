"""Reads one long line of messages in a process of its own, for 16 MiB that hold millions of values take seconds.

`python -m runner.attempt.long_line` takes the line from stdin and writes what it says to stdout, as JSON. It exits with
OUT_OF_MEMORY when its memory runs out.
"""

import sys
from collections.abc import Sequence
from typing import Any

import orjson

from models.payloads import MAX_PAYLOAD, NotTaken, TooLarge, json_size, measured
from runner.attempt.task_messages import (
    InvalidMessage,
    InvalidOutput,
    Message,
    Output,
    Property,
    TooLongOutput,
    parse_line,
)

OUT_OF_MEMORY = 75
"""Exit code of the process: the line is too much for the memory that it may have."""
_WRONG = {kind.__name__: kind for kind in (InvalidMessage, InvalidOutput, TooLongOutput)}
_SAID: dict[str, Any] = {kind.__name__: kind for kind in Message.__args__}


def read(line: bytes) -> bytes:
    """All that it says, as JSON. Of what is too large to be stored only the sentence is left."""
    return orjson.dumps([_told(_within_limits(said)) for said in parse_line(line)])


def understood(answer: bytes) -> list[Message | InvalidMessage]:
    """The other end of `read`."""
    return [
        _WRONG[kind](told) if kind in _WRONG else _SAID[kind].model_validate(told)
        for kind, told in orjson.loads(answer)
    ]


def _told(said: Message | InvalidMessage) -> Sequence[Any]:
    told = str(said) if isinstance(said, InvalidMessage) else said.model_dump(exclude_unset=True)
    return type(said).__name__, told


def _within_limits(said: Message | InvalidMessage) -> Message | InvalidMessage:
    try:
        if isinstance(said, Output):
            measured(said.output, "output")
        elif isinstance(said, Property):
            measured(said.property, "property")
        elif not isinstance(said, InvalidMessage):
            size = json_size(said.model_dump(exclude_unset=True))
            if size > MAX_PAYLOAD:
                told = f"it holds {size} bytes; the limit is {MAX_PAYLOAD}"
                return InvalidMessage(f"{told}: keep large values as an artifact")
    except NotTaken as error:
        if isinstance(said, Property):
            return InvalidMessage(str(error))
        return (TooLongOutput if error.code == TooLarge.code else InvalidOutput)(str(error))
    return said


if __name__ == "__main__":
    try:
        sys.stdout.buffer.write(read(sys.stdin.buffer.read()))
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
