"""The parts of a text with expressions, and the marks that stand for them while a script is read."""

from dataclasses import dataclass
from enum import Enum, auto

EXPRESSION = "\ue000"
STATEMENT = "\ue001"
RAW = "\ue002"
"""Text that `| raw` lets in unquoted; it may be anything."""
MARKS = frozenset({EXPRESSION, STATEMENT, RAW})
REFUSED_MARKS = frozenset({EXPRESSION, STATEMENT})


class PieceKind(Enum):
    DATA = auto()
    EXPRESSION = auto()
    STATEMENT = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text; of an expression or statement, what stands between the braces."""

    kind: PieceKind
    text: str
    offset: int
