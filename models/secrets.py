"""Secrets as values: what is taken for one, the shape of one that is encrypted, and what is shown instead of it."""

import re
from collections.abc import Mapping
from typing import Any, Self

from models.errors import ProblemCode, Refused

MASKED = "****"
MIN_SECRET = 4
"""Characters. Every text is full of anything shorter, so it could not be masked in what a task writes."""
MAX_SECRET = 16 * 1024
"""Bytes."""
SEALED_INPUT = "input"
"""The purpose that SECRET inputs are encrypted for."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_NAMESPACE = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)
_SEALED = "$secret"


class Sealed(dict[str, str]):
    """An encrypted value that Headway made. JSON that comes from elsewhere never is one, whatever its shape."""

    @classmethod
    def of(cls, text: str) -> Self:
        return cls({_SEALED: text})


def is_namespace(text: str) -> bool:
    return bool(_NAMESPACE.fullmatch(text))


def sealed_text(value: Any) -> str | None:
    """The text that is encrypted in a stored value of a SECRET input."""
    text = value.get(_SEALED) if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else None


def without_secrets(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of an execution as they may be shown."""
    return {name: value if sealed_text(value) is None else MASKED for name, value in inputs.items()}


def checked_secret(value: Any) -> str:
    """Raises ValueError with the end of a sentence that tells nothing of the value."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    if max((len(line.strip()) for line in value.splitlines()), default=0) < MIN_SECRET:
        raise ValueError(
            f"must have {MIN_SECRET} characters in a line at least, or it could not be masked"
        )
    if len(value.encode("utf-8", "replace")) > MAX_SECRET:
        raise ValueError(f"must have at most {MAX_SECRET} bytes")
    return value


def check_place(namespace: str, name: str) -> None:
    """Raises Refused when a secret cannot be called so."""
    if len(namespace) > 200 or not _NAMESPACE.fullmatch(namespace):
        raise Refused.because(
            ProblemCode.VALIDATION,
            "a namespace is parts of a-z 0-9 _ - joined by dots",
            "namespace",
        )
    if not is_secret_name(name):
        raise Refused.because(
            ProblemCode.VALIDATION,
            "the name of a secret is 1 to 100 of A-Z a-z 0-9 _ and begins with no digit",
            "name",
        )


def is_secret_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name))
