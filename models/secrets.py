"""Secrets as values: the rules for a secret, the form of an encrypted one, and the mask that is shown instead."""

import re
from collections.abc import Mapping
from typing import Any, Self

from models.errors import ProblemCode, Refused

MASKED = "****"
MIN_SECRET = 4
"""Characters. A shorter text is too common in output to be masked."""
MAX_SECRET = 16 * 1024
"""Bytes."""
SEALED_INPUT = "input"
"""The encryption purpose of SECRET inputs."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_NAMESPACE = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)
_SEALED = "$secret"


class Sealed(dict[str, str]):
    """A value that Headway encrypted. JSON from outside is never of this class, even if it has the same form."""

    @classmethod
    def of(cls, text: str) -> Self:
        return cls({_SEALED: text})


def is_namespace(text: str) -> bool:
    return bool(_NAMESPACE.fullmatch(text))


def sealed_text(value: Any) -> str | None:
    """Returns the encrypted text in the stored value of a SECRET input; None for any other value."""
    text = value.get(_SEALED) if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else None


def without_secrets(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the inputs with secret values masked."""
    return {name: value if sealed_text(value) is None else MASKED for name, value in inputs.items()}


def checked_secret(value: Any) -> str:
    """Returns the secret. Raises ValueError with the end of a sentence that does not reveal the value."""
    if not isinstance(value, str):
        raise ValueError("must be text")
    if max((len(line.strip()) for line in value.splitlines()), default=0) < MIN_SECRET:
        raise ValueError(
            f"must have a line of at least {MIN_SECRET} characters, or it could not be masked"
        )
    if len(value.encode("utf-8", "replace")) > MAX_SECRET:
        raise ValueError(f"must have at most {MAX_SECRET} bytes")
    return value


def check_place(namespace: str, name: str) -> None:
    """Checks the namespace and the name of a secret. Raises Refused."""
    if len(namespace) > 200 or not _NAMESPACE.fullmatch(namespace):
        raise Refused.because(
            ProblemCode.VALIDATION,
            "a namespace must be parts of a-z 0-9 _ - joined by dots",
            "namespace",
        )
    if not is_secret_name(name):
        raise Refused.because(
            ProblemCode.VALIDATION,
            "the name of a secret must be 1 to 100 of A-Z a-z 0-9 _ and not start with a digit",
            "name",
        )


def is_secret_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name))
