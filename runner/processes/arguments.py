"""How much a process may be given as its arguments and its environment: the system starts none that is given more."""

from collections.abc import Iterable, Mapping, Sequence
from resource import getpagesize
from typing import Final

LONGEST_STRING: Final = 32 * getpagesize()
"""Bytes of one argument, or of a variable as NAME=value, with the NUL that ends it: 128 KiB where a page has 4."""
_MEND: Final = (
    "read large values from the file that $HEADWAY_INPUT names (headway.inputs() and headway.outputs() in Python), "
    "or pass them as an artifact"
)


def too_long(argv: Sequence[str], env: Mapping[str, str]) -> str | None:
    """The sentence for an argument or a variable that the system would refuse; None when there is none."""
    for name, string in _strings(argv, env):
        if (size := _size(string)) > LONGEST_STRING:
            return f"{name} takes {size} bytes and the system's limit is {LONGEST_STRING}; {_MEND}"
    return None


def with_nul(argv: Sequence[str], env: Mapping[str, str]) -> str | None:
    """The same for what cannot be given to a process at all."""
    names = [name for name, string in _strings(argv, env) if "\0" in string]
    return f"{names[0]} holds a NUL character" if names else None


def too_much(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """The sentence for a start that the system refused although no string is too long by itself."""
    sizes = [(_size(string), name) for name, string in _strings(argv, env)]
    most, largest = max(sizes)
    return (
        f"arguments and environment take {sum(size for size, _ in sizes)} bytes, more than the system allows; "
        f"most of them {largest} with {most}; {_MEND}"
    )


def _strings(argv: Sequence[str], env: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    yield from ((f"argument {position}", text) for position, text in enumerate(argv))
    yield from ((f"the variable {name} of `env`", f"{name}={text}") for name, text in env.items())


def _size(string: str) -> int:
    return len(string.encode("utf-8", "surrogateescape")) + 1
