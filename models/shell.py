"""Where an expression in a shell script would not be protected by quoting its value.

A quoted value is one word only where the shell expects an unquoted word. The scanner follows the
script as bash and dash read it; where the two, or a cautious reader, could differ it is `lost`, and
every expression from there on is refused. So a script may be refused needlessly, but none is let
through wrongly.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from models.heredocs import Heredoc

_EXPRESSION = "\ue000"
_STATEMENT = "\ue001"
_MARKS = {_EXPRESSION, _STATEMENT}
_BLANKS = " \t"
_ENDS_WORD = " \t\n;&|<>()"
_NEVER_BEFORE_STATEMENT = "$<>[(!?*+@"
_ENV = '; give the value to the script through `env:` and write "$NAME" here'
SHELLS = frozenset({"bash", "sh", "dash"})


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


class _Kind(Enum):
    COMMAND = "$( )"
    DOUBLE = "double quotes"
    BRACE = "${ }"
    ARITHMETIC = "(( ))"


@dataclass(slots=True)
class _Frame:
    kind: _Kind
    word: str = ""
    depth: int = 0
    in_word: bool = True
    """Whether a word goes on after it: `$(a)b`, but not `(a)b`."""
    conditional: bool = False
    """Inside `[[ ]]`, whose `-eq` evaluates its words as arithmetic, commands in them included."""
    word_may_be_empty: bool = False
    heredocs: list[Heredoc] = field(default_factory=list)


def unsafe_places(
    pieces: Iterable[Piece], raw: Callable[[Piece], bool], bash: bool = True
) -> list[tuple[int, str]]:
    """Offsets and sentences, in order. `raw` tells which expressions have opted out of quoting."""
    scanner = _Scanner(bash)
    for piece in pieces:
        scanner.add(piece, raw)
    return scanner.scan()


class _Scanner:
    def __init__(self, bash: bool) -> None:
        self.bash = bash
        self.text = ""
        self.offsets: list[int] = []
        self.at = 0
        self.frames = [_Frame(_Kind.COMMAND)]
        self.lost: str | None = None
        self.found: list[tuple[int, str]] = []
        self.handlers = {
            _Kind.COMMAND: self._command,
            _Kind.DOUBLE: self._double,
            _Kind.BRACE: self._brace,
            _Kind.ARITHMETIC: self._arithmetic,
        }

    def add(self, piece: Piece, raw: Callable[[Piece], bool]) -> None:
        if piece.kind is PieceKind.DATA:
            for mark in _MARKS:
                piece = Piece(piece.kind, piece.text.replace(mark, "?"), piece.offset)
            self.text += piece.text
            self.offsets += range(piece.offset, piece.offset + len(piece.text))
            return
        if piece.kind is PieceKind.STATEMENT:
            self.text += _STATEMENT
        else:
            self.text += "?" if raw(piece) else _EXPRESSION
        self.offsets.append(piece.offset)

    def scan(self) -> list[tuple[int, str]]:
        while self.at < len(self.text):
            if self.lost is not None:
                self._refuse(self.at, len(self.text), self.lost)
                break
            self.handlers[self._top.kind](self.text[self.at])
        if not self.found and (len(self.frames) > 1 or self._top.heredocs or self.lost):
            first = min(
                (place for mark in _MARKS if (place := self.text.find(mark)) >= 0), default=None
            )
            if first is not None:
                self._refuse(first, first + 1, "in a script whose quotes do not close")
        return self.found

    @property
    def _top(self) -> _Frame:
        return self.frames[-1]

    def _next(self, distance: int = 1) -> str:
        return self.text[self.at + distance : self.at + distance + 1]

    def _step(self, count: int, word: str = "?") -> None:
        self.at += count
        self._top.word += word

    def _push(self, kind: _Kind, step: int, depth: int = 0, in_word: bool = True) -> None:
        self.at += step
        self.frames.append(_Frame(kind, depth=depth, in_word=in_word))

    def _pop(self) -> None:
        if self._top.heredocs:
            self.lost = "after a here-document that begins inside parentheses"
        closed = self.frames.pop()
        self._step(1, "?" if closed.in_word else "")
        self._top.word_may_be_empty |= not closed.in_word

    def _refuse(self, start: int, end: int, where: str) -> None:
        for place in range(start, end):
            if self.text[place] in _MARKS:
                what = "an expression" if self.text[place] == _EXPRESSION else "a statement"
                sentence = f"{what} {where} is not protected by quoting{_ENV}"
                self.found.append((self.offsets[place], sentence))

    def _skip_to(self, end: int, where: str) -> None:
        """Passes over text that is read by other rules, up to and with the character at `end`."""
        if end < 0:
            self.lost, end = f"{where} that do not close", len(self.text)
        self._refuse(self.at, min(end + 1, len(self.text)), where)
        if "\n" in self.text[self.at : end] and any(frame.heredocs for frame in self.frames):
            self.lost = "after a here-document that begins in a line with quotes across lines"
        self._step(end + 1 - self.at)

    def _closing(self, quote: str, start: int) -> int:
        """The place of the first `quote` that no backslash precedes."""
        place = start
        while place < len(self.text):
            if self.text[place] == "\\":
                place += 1
            elif self.text[place] == quote:
                return place
            place += 1
        return -1

    # What stands in a command line, outside of quotes.

    def _command(self, char: str) -> None:
        if char in _MARKS:
            self._mark(char)
        elif char in "#[" and self._top.word_may_be_empty:
            self.lost = f"after a `{char}` that begins a word in some cases only"
        elif char == "#" and not self._top.word:
            self._comment()
        elif char in _ENDS_WORD:
            self._end_word()
            self._operator(char)
        elif not self._quoting(char):
            self._step(1, char)

    def _operator(self, char: str) -> None:
        if char == "<":
            self._less()
        elif char == "(":
            self._parenthesis()
        elif char == ")" and len(self.frames) > 1:
            self._pop()
        else:
            self.at += 1
            if char == "\n":
                self._bodies()

    def _quoting(self, char: str) -> bool:
        """Reads the beginning of quotes or of an expansion; whether there was any."""
        if char == "\\":
            self._backslash()
        elif char == "'":
            self._skip_to(self.text.find("'", self.at + 1), "inside single quotes")
        elif char == '"':
            self._push(_Kind.DOUBLE, 1)
        elif char == "`":
            self._skip_to(self._closing("`", self.at + 1), "inside backticks")
        elif char == "$":
            self._dollar()
        else:
            return False
        return True

    def _mark(self, char: str) -> None:
        where = self._where()
        if where is None and "[" in self._top.word:
            where = "inside an array's subscript or a bracket pattern"
        if where is None and char == _STATEMENT:
            where = self._where_statement()
        if where is not None:
            self._refuse(self.at, self.at + 1, where)
        if char == _STATEMENT:
            self.at += 1
            self._top.word_may_be_empty = True
        else:
            self._step(1)
            self._top.word_may_be_empty = False

    def _where(self) -> str | None:
        """In what an unquoted place is nested that makes it unsafe all the same."""
        for frame in self.frames:
            if frame.conditional:
                return "inside [[ ]], which evaluates arithmetic,"
            if frame.kind is _Kind.DOUBLE:
                nested = self._top.kind is not _Kind.DOUBLE
                return "inside $( ) within double quotes" if nested else "inside double quotes"
            if frame.kind is not _Kind.COMMAND:
                return f"inside {frame.kind.value}"
        return None

    def _where_statement(self) -> str | None:
        if len(self.frames) > 1:
            return "inside parentheses"
        if self._top.heredocs:
            return "in the line where a here-document begins"
        if self.at and self.text[self.at - 1] in _NEVER_BEFORE_STATEMENT:
            return f"straight after `{self.text[self.at - 1]}`"
        return None

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        self._refuse(self.at, end, "in a comment, which ends with the first line of the value,")
        self.at = end

    def _end_word(self) -> None:
        frame = self._top
        if frame.word == "[[":
            frame.conditional = True
        elif frame.word == "]]":
            frame.conditional = False
        elif frame.word == "case" and any(frame.kind is _Kind.DOUBLE for frame in self.frames):
            self.lost = "after a `case` inside $( ) within double quotes"
        frame.word, frame.word_may_be_empty = "", False

    def _parenthesis(self) -> None:
        if self._next() == "\\":
            self.lost = "after a parenthesis and a backslash"
        elif self._next() == "(":
            self._push(_Kind.ARITHMETIC, 2, depth=2, in_word=False)
        else:
            self._push(_Kind.COMMAND, 1, in_word=False)

    def _backslash(self) -> None:
        following = self._next()
        if following in _MARKS:
            self._refuse(self.at + 1, self.at + 2, "straight after a backslash")
        self._step(2, "" if following == "\n" else "?")

    def _dollar(self) -> None:
        following = self._next()
        in_double = self._top.kind is _Kind.DOUBLE
        if following in _MARKS and not in_double:
            self._refuse(self.at + 1, self.at + 2, "straight after `$`")
            self._step(2)
        elif following == "(":
            self._substitution()
        elif following == "{":
            self._expansion()
        elif following == "[" or (following == "\\" and self._next(2) == "\n"):
            self.lost = f"after `${following}`"
        elif following == "'" and not in_double:
            self._ansi_quotes()
        else:
            special = following != "" and following in "$#@*!?-0123456789"
            self._step(2 if special else 1, "$")

    def _substitution(self) -> None:
        if self._next(2) == "\\":
            self.lost = "after `$(` and a backslash"
        elif self._next(2) == "(":
            self._push(_Kind.ARITHMETIC, 3, depth=2)
        else:
            self._push(_Kind.COMMAND, 2)

    def _expansion(self) -> None:
        if self._next(2) in {" ", "\t", "\n", "|", "(", "\\"}:
            self.lost = "after `${` that runs a command"
        else:
            self._push(_Kind.BRACE, 2)

    def _ansi_quotes(self) -> None:
        in_quotes = any(frame.kind is _Kind.DOUBLE for frame in self.frames)
        if not self.bash or (in_quotes and self._top.kind is _Kind.BRACE):
            self.lost = "after `$'`, which shells read differently"
        else:
            self._skip_to(self._closing("'", self.at + 2), "inside $' '")

    # What stands inside double quotes, ${ } and (( )).

    def _double(self, char: str) -> None:
        if char == '"':
            self._pop()
        elif char == "'" or not self._quoting(char):
            self._inside(char, "inside double quotes")

    def _brace(self, char: str) -> None:
        if char == "}":
            self._pop()
        elif char == "'" and any(frame.kind is _Kind.DOUBLE for frame in self.frames):
            self.lost = "after a single quote in ${ } within double quotes"
        elif not self._quoting(char):
            self._inside(char, "inside ${ }")

    def _arithmetic(self, char: str) -> None:
        if char in "'\"`\\\n":
            self.lost = "after (( )) with quotes or across lines"
        elif char == "$":
            self._dollar()
        elif char in "()":
            self._top.depth += 1 if char == "(" else -1
            if self._top.depth == 0:
                self._pop()
            else:
                self.at += 1
        else:
            self._inside(char, "inside (( ))")

    def _inside(self, char: str, where: str) -> None:
        if char in _MARKS:
            self._refuse(self.at, self.at + 1, self._where() or where)
        elif char == "\n" and any(frame.heredocs for frame in self.frames):
            self.lost = "after a here-document that begins in a line with quotes across lines"
        self.at += 1

    # Here-documents.

    def _less(self) -> None:
        following = self._next()
        if following == "\\":
            self.lost = "after `<` and a backslash"
        elif following != "<":
            self.at += 1
        elif self._next(2) == "<":
            self.at += 3
        elif self._next(2) == "\\" and self._next(3) == "\n":
            self.lost = "after `<<` and a backslash"
        else:
            self._delimiter()

    def _delimiter(self) -> None:
        strips = self._next(2) == "-"
        self.at += 3 if strips else 2
        while self._next(0) and self._next(0) in _BLANKS:
            self.at += 1
        start = self.at
        while self._next(0) and self._next(0) not in _ENDS_WORD:
            self.at += 1
        self._refuse(start, self.at, "as a here-document's delimiter")
        heredoc = Heredoc.of(self.text[start : self.at], strips)
        if heredoc is None:
            self.lost = "after a here-document whose delimiter is not a simple word"
        else:
            self._top.heredocs.append(heredoc)

    def _bodies(self) -> None:
        """After a line's end come the bodies of the here-documents that began in it."""
        if any(frame.heredocs for frame in self.frames[:-1]):
            self.lost = "after a here-document that begins in a line with parentheses across lines"
        for heredoc in self._top.heredocs:
            end = heredoc.end(self.text, self.at, nested=len(self.frames) > 1)
            if end is None:
                self.lost = "in or after a here-document whose end is not plain"
                break
            self._refuse(self.at, end, "inside a here-document")
            self.at = end
        self._top.heredocs = []
