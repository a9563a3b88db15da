"""The messages that a client may send on a WebSocket, and the close codes for all others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.json_text import NotKept, holds_nul, read_json
from server.graphql.requests import NO_NUL

_WITH_ID = frozenset({"subscribe", "complete"})
_TYPES = _WITH_ID | {"connection_init", "ping", "pong"}
_MAX_ID = 256
_MAX_REASON = 123


class Closing(Exception):
    """Closes the WebSocket. The reason is truncated to the size of a close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_MAX_REASON].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Message:
    type: str
    id: str = ""
    payload: Mapping[str, Any] | None = None
    size: int = 0


def text_of(event: Mapping[str, Any], limit: int) -> str:
    """Raises Closing 4400 for binary frames and for too long a text."""
    text: str | None = event.get("text")
    if text is None:
        raise Closing(4400, "Only text frames are accepted")
    if len(text) > limit:
        raise Closing(4400, f"A message may have at most {limit} bytes")
    return text


def read_message(text: str) -> Message:
    """Raises Closing 4400, with the reason, for everything but a well-formed message."""
    try:
        value = read_json(text)
    except NotKept as error:
        raise Closing(4400, str(error)) from None
    except ValueError:
        raise Closing(4400, "Message is not valid JSON") from None
    if not isinstance(value, dict):
        raise Closing(4400, "Message is not an object")
    if holds_nul(value, text):
        raise Closing(4400, NO_NUL)
    return _message(value, len(text))


def _message(value: dict[str, Any], size: int) -> Message:
    kind, payload, identity = value.get("type"), value.get("payload"), value.get("id")
    if not isinstance(kind, str):
        raise Closing(4400, "Message has no type")
    if kind not in _TYPES:
        raise Closing(4400, f"Message type {kind[:40]!r} is not one a client sends")
    if payload is not None and not isinstance(payload, dict):
        raise Closing(4400, f"The payload of {kind} is not an object")
    if kind not in _WITH_ID:
        return Message(kind, payload=payload)
    if not isinstance(identity, str) or not 0 < len(identity) <= _MAX_ID:
        raise Closing(4400, f"The id of {kind} is not a string of 1 to {_MAX_ID} characters")
    if kind == "subscribe" and payload is None:
        raise Closing(4400, "subscribe has no payload")
    return Message(kind, identity, payload, size)
