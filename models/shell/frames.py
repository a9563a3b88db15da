"""The nested parts of a shell script: substitutions, quotes and parentheses."""

from dataclasses import dataclass, field
from enum import Enum

from models.shell.heredocs import Heredoc
from models.shell.reader import Reader


class Kind(Enum):
    COMMAND = "$( )"
    DOUBLE = "double quotes"
    BRACE = "${ }"
    ARITHMETIC = "(( ))"


@dataclass(slots=True)
class Frame:
    kind: Kind
    word: str = ""
    depth: int = 0
    in_word: bool = True
    """Whether a word continues after it: `$(a)b`, but not `(a)b`."""
    conditional: bool = False
    """Inside `[[ ]]`, where `-eq` evaluates words as arithmetic and runs commands in them."""
    word_may_be_empty: bool = False
    heredocs: list[Heredoc] = field(default_factory=list)
    reader: Reader | None = None
    start: int | None = None
    """The start of the word that is being read or, for (( )), of the text inside."""
