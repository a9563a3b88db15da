"""Places of a shell script that are nested in others."""

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
    """Whether a word goes on after it: `$(a)b`, but not `(a)b`."""
    conditional: bool = False
    """Inside `[[ ]]`, whose `-eq` evaluates its words as arithmetic, commands in them included."""
    word_may_be_empty: bool = False
    heredocs: list[Heredoc] = field(default_factory=list)
    reader: Reader | None = None
    start: int | None = None
    """Where the word that is being read began; of (( )), the text within."""
