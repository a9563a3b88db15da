"""Parses one long line of messages in a separate process: 16 MiB that hold millions of values take seconds.

`python -m runner.attempt.long_line` reads the line from stdin and writes its messages to stdout, as JSON. It exits with
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
"""Exit code of the process when the line needs more memory than the process may use."""
_INVALID = {kind.__name__: kind for kind in (InvalidMessage, InvalidOutput, TooLongOutput)}
_MESSAGES: dict[str, Any] = {kind.__name__: kind for kind in Message.__args__}


def encode(line: bytes) -> bytes:
    """Parses the line and returns its messages as JSON. A message too large to be stored is replaced by its error."""
    return orjson.dumps([_encoded(_within_limits(each)) for each in parse_line(line)])


def decode(encoded: bytes) -> list[Message | InvalidMessage]:
    """The inverse of `encode`."""
    return [
        _INVALID[kind](value) if kind in _INVALID else _MESSAGES[kind].model_validate(value)
        for kind, value in orjson.loads(encoded)
    ]


def _encoded(message: Message | InvalidMessage) -> Sequence[Any]:
    if isinstance(message, InvalidMessage):
        return type(message).__name__, str(message)
    return type(message).__name__, message.model_dump(exclude_unset=True)


def _within_limits(message: Message | InvalidMessage) -> Message | InvalidMessage:
    try:
        if isinstance(message, Output):
            measured(message.output, "output")
        elif isinstance(message, Property):
            measured(message.property, "property")
        elif not isinstance(message, InvalidMessage):
            size = json_size(message.model_dump(exclude_unset=True))
            if size > MAX_PAYLOAD:
                return InvalidMessage(
                    f"it holds {size} bytes; the limit is {MAX_PAYLOAD}: keep large values as an artifact"
                )
    except NotTaken as error:
        if isinstance(message, Property):
            return InvalidMessage(str(error))
        return (TooLongOutput if error.code == TooLarge.code else InvalidOutput)(str(error))
    return message


if __name__ == "__main__":
    try:
        sys.stdout.buffer.write(encode(sys.stdin.buffer.read()))
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
