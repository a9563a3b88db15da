"""Checks the size of arguments and environment variables: the system starts no process with larger ones."""

from collections.abc import Iterable, Mapping, Sequence
from resource import getpagesize
from typing import Final

LONGEST_STRING: Final = 32 * getpagesize()
"""Bytes of one argument, or of a variable as NAME=value, including the final NUL: 128 KiB if a page has 4 KiB."""
_HINT: Final = (
    "read large values from the file that $HEADWAY_INPUT names (headway.inputs() and headway.outputs() in Python), "
    "or pass them as an artifact"
)


def too_long(argv: Sequence[str], env: Mapping[str, str]) -> str | None:
    """Returns an error message for an argument or variable that the system would refuse; None if there is none."""
    for name, string in _strings(argv, env):
        if (size := _size(string)) > LONGEST_STRING:
            return f"{name} has {size} bytes; the system's limit is {LONGEST_STRING}; {_HINT}"
    return None


def with_nul(argv: Sequence[str], env: Mapping[str, str]) -> str | None:
    """Returns an error message for an argument or variable with a NUL, which no process can receive."""
    names = [name for name, string in _strings(argv, env) if "\0" in string]
    return f"{names[0]} holds a NUL character" if names else None


def too_much(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """Returns an error message for strings that are too large in total, though none is too long by itself."""
    sizes = [(_size(string), name) for name, string in _strings(argv, env)]
    most, largest = max(sizes)
    return (
        f"arguments and environment take {sum(size for size, _ in sizes)} bytes, more than the system allows; "
        f"the largest is {largest} with {most}; {_HINT}"
    )


def _strings(argv: Sequence[str], env: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield from ((f"argument {position}", text) for position, text in enumerate(argv))
    yield from ((f"the variable {name} of `env`", f"{name}={text}") for name, text in env.items())


def _size(string: str) -> int:
    return len(string.encode("utf-8", "surrogateescape")) + 1
