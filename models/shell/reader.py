"""Reads the commands of a script: finds names, arguments, assignments and patterns among the words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from models.shell.numbers import Numbers
from models.shell.words import OPEN, Word

_STARTS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"})
_ENDS = frozenset({"fi", "done", "}"})
_UNKNOWN = frozenset({"select", "coproc"})
_COMPARES = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})
_NAMES_VARIABLE = frozenset({"-v", "-R"})
_TARGETS = frozenset({">", ">>", "<", ">|", "<<<"})
_DESCRIPTORS = frozenset({"$HEADWAY_FD", "${HEADWAY_FD}", '"$HEADWAY_FD"', '"${HEADWAY_FD}"', "-"})


class Unknown(Exception):
    """Ends the check of a script; the message says where a value could become code."""


class Await(Enum):
    """The meaning of the next word if it is neither a command's name nor an argument."""

    NOTHING = auto()
    VARIABLE = auto()
    IN_OF_FOR = auto()
    SUBJECT = auto()
    IN_OF_CASE = auto()
    PATTERN = auto()
    FUNCTION = auto()


_AWAITED = {"for": Await.VARIABLE, "case": Await.SUBJECT, "function": Await.FUNCTION}
_RESERVED = _STARTS | _ENDS | _UNKNOWN | _AWAITED.keys() | {"esac", "[["}


class Stdin(Enum):
    OPEN = auto()
    """A pipe, a string or the task's stdin: may contain a value."""
    GIVEN = auto()
    """A file, or a here-document without expansion."""


@dataclass(slots=True)
class Command:
    """A simple command, or the head of a loop."""

    words: list[Word] = field(default_factory=list)
    assignments: list[Word] = field(default_factory=list)
    stdin: Stdin = Stdin.OPEN
    steady: int | None = None
    """The number of words before the first statement that may omit or repeat words; None without statements."""

    @property
    def is_empty(self) -> bool:
        return not self.words and not self.assignments


@dataclass(slots=True)
class _Block:
    """A statement with an end. `ended` is the number of commands that had ended when it began."""

    is_loop: bool
    at_start: bool
    ended: int
    leaves_open: bool = False


@dataclass(slots=True)
class Reader:
    """Follows the commands of the script, or of one pair of parentheses in it."""

    check: Callable[[Command], None]
    numbers: Numbers
    nested: bool = False
    is_array: bool = False
    command: Command = field(default_factory=Command)
    awaits: Await = Await.NOTHING
    conditional: list[Word] | None = None
    redirect: str | None = None
    loop: str | None = None
    """The variable of the `for` whose words are being read."""
    cases: int = 0
    ended: int = 0
    sealed: bool = False
    """Whether the command ended in some branches of a statement but not in others."""
    blocks: list[_Block] = field(default_factory=list)

    # Words.

    def word(self, word: Word) -> None:
        if self.sealed:
            raise Unknown("after a statement that leaves out the beginning of a command")
        if self.redirect is not None:
            self._target(word)
        elif self.is_array:
            self._item(word)
        elif self.conditional is not None:
            self._condition(word)
        elif self.awaits is not Await.NOTHING:
            self._awaited(word)
        elif self.command.words or self.loop is not None:
            self.command.words.append(word)
        else:
            self._first(word)

    def _first(self, word: Word) -> None:
        raw = word.raw
        if word.assignment is not None:
            self.command.assignments.append(word)
        elif self.command.assignments or raw not in _RESERVED:
            self.command.words.append(word)
        elif raw in _UNKNOWN or (raw == "case" and self.nested):
            raise Unknown(f"after `{raw}`")
        elif raw == "esac":
            self.cases -= 1
        elif raw == "[[":
            self.conditional = []
        else:
            self.awaits = _AWAITED.get(raw, Await.NOTHING)

    def _awaited(self, word: Word) -> None:
        awaited, self.awaits = self.awaits, Await.NOTHING
        if awaited is Await.PATTERN:
            if word.raw == "esac":
                self.cases -= 1
            else:
                self.awaits = Await.PATTERN
        elif awaited is Await.SUBJECT:
            self.awaits = Await.IN_OF_CASE
        elif awaited is Await.IN_OF_CASE:
            if word.raw != "in":
                raise Unknown("after a `case` without `in`")
            self.awaits, self.cases = Await.PATTERN, self.cases + 1
        elif awaited is Await.VARIABLE:
            self.loop, self.awaits = word.raw, Await.IN_OF_FOR
        elif awaited is Await.IN_OF_FOR and word.raw != "in":
            self.numbers.assign(self.loop or "", OPEN)
            self.loop = None
            self._first(word)

    def _item(self, word: Word) -> None:
        if word.raw.startswith("["):
            raise Unknown("after an array's subscript")

    def _target(self, word: Word) -> None:
        operator, self.redirect = self.redirect, None
        if operator in _TARGETS:
            if operator == "<" and not word.is_open:
                self.command.stdin = Stdin.GIVEN
        elif word.literal is None and word.raw not in _DESCRIPTORS:
            raise Unknown(f"after `{operator}`, whose word bash expands twice,")

    def _condition(self, word: Word) -> None:
        assert self.conditional is not None
        if word.raw == "]]":
            words, self.conditional = self.conditional, None
            for place, known in enumerate(words):
                if known.raw in _COMPARES:
                    for operand in words[max(place - 1, 0) : place + 2 : 2]:
                        self.numbers.operand(operand.raw, operand.place)
                elif known.raw in _NAMES_VARIABLE and not all(
                    operand.is_name for operand in words[place + 1 : place + 2]
                ):
                    raise Unknown(f"after `{known.raw}` of [[ ]]")
        else:
            self.conditional.append(word)

    # Operators.

    def separator(self, operator: str) -> None:
        if self.conditional is not None:
            self.conditional.append(Word(operator, 0))
        elif (
            self.awaits is Await.PATTERN
            or (self.is_array and operator == "\n")
            or (self.awaits is Await.IN_OF_CASE and operator == "\n")
        ):
            return
        elif self.redirect is not None:
            raise Unknown(f"after `{self.redirect}` without a word")
        else:
            self.end_command()
            self.ended += 1
            self.sealed = False
            if operator in {";;", ";&", ";;&"} and self.cases:
                self.awaits = Await.PATTERN

    def end_command(self) -> None:
        if self.awaits is Await.IN_OF_FOR and self.loop is not None:
            self.numbers.assign(self.loop, OPEN)
        elif self.awaits is not Await.NOTHING or self.is_array:
            raise Unknown("after a command that is not complete")
        elif self.loop is not None:
            for word in self.command.words:
                self.numbers.assign(self.loop, word.raw)
        elif not self.command.is_empty:
            self.check(self.command)
        self.command, self.loop, self.awaits = Command(), None, Await.NOTHING

    def redirects(self, operator: str, descriptor: bool) -> None:
        """`descriptor`: the previous word is adjacent to the operator and may be its file descriptor."""
        words = self.command.words
        if self.conditional is not None:
            self.conditional.append(Word(operator, 0))
            return
        if self.redirect is not None or self.is_array or self.awaits is not Await.NOTHING:
            raise Unknown(f"after `{operator}` in an unexpected place")
        if descriptor and words and words[-1].raw.isdigit():
            words.pop()
        self.redirect = operator

    def heredoc(self, expands: bool) -> None:
        if self.conditional is not None or self.is_array or self.awaits is not Await.NOTHING:
            raise Unknown("after a here-document in an unexpected place")
        if not expands:
            self.command.stdin = Stdin.GIVEN

    def closes_pattern(self) -> bool:
        if self.awaits is not Await.PATTERN:
            return False
        self.awaits = Await.NOTHING
        self.ended += 1
        return True

    def ends(self) -> None:
        """Handles the end of the script or of the pair of parentheses."""
        if self.conditional is not None or self.redirect is not None or self.cases:
            raise Unknown("in a script whose commands do not end")
        if not self.is_array:
            self.end_command()

    # Parentheses.

    def opens(self, touches: bool) -> str:
        """Returns the kind of this parenthesis: pattern, function, array or subshell."""
        command = self.command
        if self.awaits is Await.PATTERN:
            return "pattern"
        if self.conditional is not None or self.is_array or self.loop or self.redirect:
            raise Unknown("after a parenthesis in an unexpected place")
        assigned = command.assignments if touches and not command.words else []
        if assigned and assigned[-1].raw.endswith("="):
            return "array"
        if len(command.words) == 1 and not command.assignments and not command.words[0].is_open:
            command.words.clear()
            return "function"
        if not command.is_empty or self.sealed:
            raise Unknown("after a parenthesis inside a command")
        return "subshell"

    def computes(self) -> None:
        """Handles (( )): the head of a `for ((`, or a command."""
        if self.awaits is Await.VARIABLE:
            self.awaits = Await.NOTHING
        elif not self.command.is_empty or self.conditional is not None or self.is_array:
            raise Unknown("after (( )) inside a command")

    # Statements of the template.

    def statement(self, text: str, fragment: Word | None) -> bool:
        """Handles a statement. Returns whether the word that was being read, `fragment`, ends here."""
        name = (text.strip("+- \t\n").split(None, 1) or [""])[0]
        if name not in {"if", "for", "set"} and self.blocks:
            return self._branch_ends(name, fragment)
        started = self._at_statement(fragment)
        if name in {"if", "for"}:
            self.blocks.append(_Block(name == "for", started, self.ended))
        return False

    def _at_statement(self, fragment: Word | None) -> bool:
        """Returns whether a command may begin here. Raises Unknown if the statement cannot be followed."""
        if self.redirect is not None or self.conditional is not None or self.is_array:
            raise Unknown("after a statement in an unexpected place")
        if self.awaits is not Await.NOTHING:
            raise Unknown("after a statement in a `for` or `case`")
        if fragment is None and self.command.is_empty and self.loop is None:
            return True
        if not self.command.words and self.loop is None:
            raise Unknown("after a statement before the name of a command ends")
        if self.command.steady is None:
            self.command.steady = len(self.command.words) + (fragment is not None)
        return False

    def _branch_ends(self, name: str, fragment: Word | None) -> bool:
        block, ends_word = self.blocks[-1], False
        if block.at_start:
            ends_word = self._command_branch_ends(block, fragment)
        elif self._at_statement(fragment) or block.ended != self.ended:
            raise Unknown("after a statement that begins inside a command and ends in another")
        if name.startswith("end"):
            self.blocks.pop()
            self.sealed |= block.leaves_open
        return ends_word

    def _command_branch_ends(self, block: _Block, fragment: Word | None) -> bool:
        """Ends the command in the branch; it may not continue after the branch. Returns whether a word ended too."""
        if self.conditional is not None or self.is_array or self.awaits is not Await.NOTHING:
            raise Unknown("after a statement in an unexpected place")
        if fragment is not None:
            self.word(fragment)
        if fragment is not None or not self.command.is_empty or self.loop is not None:
            if block.is_loop:
                raise Unknown("after a loop of the template that ends inside a command")
            self.separator("")
            block.leaves_open = True
        elif self.redirect is not None:
            raise Unknown("after a statement in an unexpected place")
        return fragment is not None
