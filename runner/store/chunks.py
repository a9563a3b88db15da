"""Splits thousands of rows into chunks, so that the event loop can run between the statements that write them."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

AT_ONCE: Final = 1_000

Each = TypeVar("Each")


def chunks_of(rows: Sequence[Each]) -> Iterator[Sequence[Each]]:
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]
