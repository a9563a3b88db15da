"""The state of reading a shell script: the position, and the findings so far."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from models.shell.frames import Frame, Kind
from models.shell.numbers import Numbers
from models.shell.pieces import EXPRESSION, MARKS, RAW, REFUSED_MARKS, STATEMENT, Piece, PieceKind
from models.shell.reader import Reader, Unknown
from models.shell.rules import Rules
from models.shell.words import Word

_ENV = '; give the value to the script through `env:` and write "$NAME" here'
_DEEPEST = 50


class Reading(ABC):
    """`lost` is the reason why the text cannot be followed from here on. `unknown` is the place of the first command
    that could not be checked, and the reason."""

    def __init__(self, bash: bool, numbers: Numbers | None = None) -> None:
        self.bash = bash
        self.text = ""
        self.offsets: list[int] = []
        self.at = 0
        self.statements: dict[int, str] = {}
        self.numbers = numbers or Numbers()
        self.owns_numbers = numbers is None
        self.rules = Rules(self.numbers, self._nested)
        self.frames = [Frame(Kind.COMMAND, reader=self._reader())]
        self.lost: str | None = None
        self.unknown: tuple[int, str] | None = None
        self.found: list[tuple[int, str]] = []

    @abstractmethod
    def scan(self) -> list[tuple[int, str]]:
        """Reads the whole text. Returns the offsets of values that quotes do not protect, with messages."""

    def add(self, piece: Piece, raw: Callable[[Piece], bool]) -> None:
        if piece.kind is PieceKind.DATA:
            for mark in MARKS:
                piece = Piece(piece.kind, piece.text.replace(mark, "?"), piece.offset)
            self.text += piece.text
            self.offsets += range(piece.offset, piece.offset + len(piece.text))
            return
        if piece.kind is PieceKind.STATEMENT:
            self.statements[len(self.text)] = piece.text
            self.text += STATEMENT
        else:
            self.text += RAW if raw(piece) else EXPRESSION
        self.offsets.append(piece.offset)

    def _doubt(self, unknown: Unknown) -> None:
        """Stores the first construct that cannot be checked; from there on only quotes are followed."""
        if self.unknown is None:
            place = self._top.start if self._top.start is not None else self.at
            self.unknown = (min(place, self.at), str(unknown))

    def _reader(self, nested: bool = False, is_array: bool = False) -> Reader:
        return Reader(self.rules.check, self.numbers, nested, is_array)

    def _nested(self, text: str, place: int) -> None:
        """Reads a text that the script runs as a script."""
        if any(mark in text for mark in MARKS):
            raise Unknown("in a text that is run")
        inner = type(self)(self.bash, self.numbers)
        inner.add(Piece(PieceKind.DATA, text, place), lambda _: False)
        inner.scan()
        if inner.unknown is not None:
            raise Unknown(inner.unknown[1])
        if inner.lost or len(inner.frames) > 1 or inner._top.heredocs:
            raise Unknown("in a text that is run and cannot be read")

    def _word(self, start: int) -> Word:
        raw = self.text[start : self.at]
        return Word(raw if "'" in raw else raw.replace("\\\n", ""), start)

    def _pass(self, word: Word) -> None:
        if self.unknown is None and self._top.reader is not None and word.raw:
            self._top.reader.word(word)

    def _end_reader_word(self) -> None:
        frame = self._top
        start, frame.start = frame.start, None
        if frame.kind is Kind.COMMAND and start is not None:
            self._pass(self._word(start))

    @property
    def _top(self) -> Frame:
        return self.frames[-1]

    def _next(self, distance: int = 1) -> str:
        return self.text[self.at + distance : self.at + distance + 1]

    def _step(self, count: int, word: str = "?") -> None:
        self.at += count
        self._top.word += word

    def _push(
        self, kind: Kind, step: int, depth: int = 0, in_word: bool = True, is_array: bool = False
    ) -> None:
        self.at += step
        pushed = Frame(kind, depth=depth, in_word=in_word)
        if kind is Kind.COMMAND:
            pushed.reader = self._reader(nested=True, is_array=is_array)
        elif kind is Kind.ARITHMETIC:
            pushed.start = self.at
        self.frames.append(pushed)
        if len(self.frames) > _DEEPEST:
            self.lost = "inside parentheses within more than 50 others"

    def _pop(self) -> None:
        if self._top.heredocs:
            self.lost = "after a here-document that begins inside parentheses"
        closed = self.frames.pop()
        within = self.text[closed.start : self.at] if closed.start is not None else ""
        self._step(1, "?" if closed.in_word else "")
        self._top.word_may_be_empty |= not closed.in_word
        if closed.reader is not None and self.unknown is None:
            closed.reader.ends()
        if closed.kind is Kind.ARITHMETIC:
            if not within.endswith(")"):
                raise Unknown("after (( )) that does not end in one")
            self.numbers.arithmetic(within[:-1], self.at - 1)

    def _refuse(self, start: int, end: int, where: str) -> None:
        for place in range(start, end):
            if self.text[place] in REFUSED_MARKS:
                what = "an expression" if self.text[place] == EXPRESSION else "a statement"
                sentence = f"{what} {where} is not protected by quoting{_ENV}"
                self.found.append((self.offsets[place], sentence))

    def _where(self) -> str | None:
        """Returns the enclosing construct that makes an unquoted place unsafe, or None."""
        for frame in self.frames:
            if frame.conditional:
                return "inside [[ ]], which evaluates arithmetic,"
            if frame.kind is Kind.DOUBLE:
                nested = self._top.kind is not Kind.DOUBLE
                return "inside $( ) within double quotes" if nested else "inside double quotes"
            if frame.kind is not Kind.COMMAND:
                return f"inside {frame.kind.value}"
        return None

    def _skip_to(self, end: int, where: str) -> None:
        """Skips text with other rules, up to and including the character at `end`."""
        if end < 0:
            self.lost, end = f"{where} that do not close", len(self.text)
        self._refuse(self.at, min(end + 1, len(self.text)), where)
        if "\n" in self.text[self.at : end] and any(frame.heredocs for frame in self.frames):
            self.lost = "after a here-document that begins in a line with quotes across lines"
        self._step(end + 1 - self.at)

    def _closing(self, quote: str, start: int) -> int:
        """Returns the position of the first `quote` without a backslash before it; -1 if there is none."""
        place = start
        while place < len(self.text):
            if self.text[place] == "\\":
                place += 1
            elif self.text[place] == quote:
                return place
            place += 1
        return -1
