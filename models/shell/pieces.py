"""The parts of a text with expressions, and the marks that replace them while a script is read."""

from dataclasses import dataclass
from enum import Enum, auto

EXPRESSION = "\ue000"
STATEMENT = "\ue001"
RAW = "\ue002"
"""The mark of a value that `| raw` inserts unquoted; it may be any text."""
MARKS = frozenset({EXPRESSION, STATEMENT, RAW})
REFUSED_MARKS = frozenset({EXPRESSION, STATEMENT})


class PieceKind(Enum):
    DATA = auto()
    EXPRESSION = auto()
    STATEMENT = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; for an expression or statement, the text between the braces."""

    kind: PieceKind
    text: str
    offset: int
