"""Finds the expressions in a shell script that quoting their values would not protect.

A quoted value is one word only where the shell expects an unquoted word. The scanner follows the
script as bash and dash read it. Where the two could differ, it is `lost` and refuses every expression
from there on: a safe script may be refused, but an unsafe one is never accepted. Reader and Rules
check the meaning of words for their commands.
"""

import re
from collections.abc import Callable, Iterable

from models.shell.frames import Kind
from models.shell.pieces import EXPRESSION, REFUSED_MARKS, STATEMENT, Piece
from models.shell.quotes import BLANKS, ENDS_WORD, Quotes
from models.shell.reader import Unknown
from models.shell.words import OPEN, Word

_NEVER_BEFORE_STATEMENT = "$<>[(!?*+@"
_OPERATOR = re.compile(r";;&|;;|;&|;|&&|&>>|&>|&|\|\||\|&|\||\n")
_REDIRECT = re.compile(r">>|>\||>&|>|<&|<>|<<<|<")
_FUNCTION = re.compile(r"\(\s*\)")
_ENV = '; give its values to the script through `env:` and write "$NAME" where they belong'
_NO_NUMBER = "where a variable without quotes or in arithmetic may hold more than a number that the script set"
SHELLS = frozenset({"bash", "sh", "dash"})


def unsafe_places(
    pieces: Iterable[Piece], raw: Callable[[Piece], bool], bash: bool = True
) -> list[tuple[int, str]]:
    """Returns offsets and messages, in order. `raw` decides which expressions have opted out of quoting."""
    scanner = Scanner(bash)
    for piece in pieces:
        scanner.add(piece, raw)
    found = scanner.scan()
    if EXPRESSION in scanner.text and not found and scanner.unknown is not None:
        place, where = scanner.unknown
        sentence = f"a value could become code {where.rstrip(',')}{_ENV}"
        found.append((scanner.offsets[min(place, len(scanner.offsets) - 1)], sentence))
    return found


class Scanner(Quotes):
    def scan(self) -> list[tuple[int, str]]:
        while self.at < len(self.text):
            if self.lost is not None:
                self._refuse(self.at, len(self.text), self.lost)
                break
            try:
                self._read(self.text[self.at])
            except Unknown as unknown:
                self._doubt(unknown)
        if not self.found and (len(self.frames) > 1 or self._top.heredocs or self.lost):
            first = min(
                (place for mark in REFUSED_MARKS if (place := self.text.find(mark)) >= 0),
                default=None,
            )
            if first is not None:
                self._refuse(first, first + 1, "in a script whose quotes do not close")
        self._finish()
        return self.found

    def _read(self, char: str) -> None:
        kind = self._top.kind
        if kind is Kind.COMMAND:
            self._command(char)
        elif kind is Kind.DOUBLE:
            self._double(char)
        elif kind is Kind.BRACE:
            self._brace(char)
        else:
            self._arithmetic(char)

    def _finish(self) -> None:
        try:
            self._end_reader_word()
            if self.unknown is None and self._top.reader is not None:
                self._top.reader.ends()
        except Unknown as unknown:
            self._doubt(unknown)
        refused = self.numbers.faults() if self.owns_numbers else []
        if refused and self.unknown is None:
            self.unknown = (refused[0], _NO_NUMBER)

    def _command(self, char: str) -> None:
        if char in REFUSED_MARKS:
            self._mark(char)
        elif char in "#[" and self._top.word_may_be_empty:
            self.lost = f"after a `{char}` that begins a word in some cases only"
        elif char == "#" and not self._top.word:
            self._comment()
        elif char in ENDS_WORD:
            self._end_word()
            self._operator(char)
        else:
            if self._top.start is None and self.text[self.at : self.at + 2] != "\\\n":
                self._top.start = self.at
            if not self._quoting(char):
                self._step(1, char)

    def _operator(self, char: str) -> None:
        if char == "(":
            self._parenthesis()
        elif char == ")" and self._closes_pattern():
            self.at += 1
        elif char == ")" and len(self.frames) > 1:
            self._pop()
        elif char == ")":
            self.at += 1
            raise Unknown("after a parenthesis that closes nothing")
        elif char in BLANKS:
            self.at += 1
        elif char == "<" and self.text[self.at : self.at + 3] != "<<<" and self._next() == "<":
            self._less()
        else:
            self._pass_operator()

    def _closes_pattern(self) -> bool:
        reader = self._top.reader
        return self.unknown is None and reader is not None and reader.closes_pattern()

    def _pass_operator(self) -> None:
        """Skips the operator before passing it on, because the reader may refuse it."""
        redirect = _REDIRECT.match(self.text, self.at)
        operator = _OPERATOR.match(self.text, self.at)
        found = operator or redirect
        at, reader = self.at, self._top.reader
        if self.text[at] == "<" and self._next() == "\\":
            self.lost = "after `<` and a backslash"
        self.at += len(found.group()) if found else 1
        if self.text[at] == "\n":
            self._bodies()
        if reader is None or self.unknown is not None or found is None:
            return
        if found.group() in {"&>", "&>>"}:
            reader.redirects(found.group(), False)
        elif found is operator:
            reader.separator(found.group())
        elif self._next(0) == "(":
            if found.group() not in {"<", ">"}:
                raise Unknown(f"after `{found.group()}` and a parenthesis")
            reader.word(Word(OPEN, at))
            self._push(Kind.COMMAND, 1, in_word=False)
        else:
            reader.redirects(found.group(), at > 0 and self.text[at - 1].isdigit())

    def _mark(self, char: str) -> None:
        where = self._where()
        if where is None and "[" in self._top.word:
            where = "inside an array's subscript or a bracket pattern"
        if where is None and char == STATEMENT:
            where = self._where_statement()
        if where is not None:
            self._refuse(self.at, self.at + 1, where)
        if char == STATEMENT:
            self._statement()
            self._top.word_may_be_empty = True
        else:
            if self._top.start is None:
                self._top.start = self.at
            self._step(1)
            self._top.word_may_be_empty = False

    def _statement(self) -> None:
        place, frame = self.at, self._top
        self.at += 1
        if self.unknown is not None or frame.reader is None or len(self.frames) > 1:
            return
        fragment = (
            None if frame.start is None else Word(self.text[frame.start : place], frame.start)
        )
        if frame.reader.statement(self.statements[place], fragment):
            frame.start = None

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
        elif frame.word == "case" and any(frame.kind is Kind.DOUBLE for frame in self.frames):
            self.lost = "after a `case` inside $( ) within double quotes"
        frame.word, frame.word_may_be_empty = "", False
        try:
            self._end_reader_word()
        except Unknown as unknown:
            self._doubt(unknown)

    def _parenthesis(self) -> None:
        if self._next() == "\\":
            self.lost = "after a parenthesis and a backslash"
        elif self._next() == "(":
            self._push(Kind.ARITHMETIC, 2, depth=2, in_word=False)
            self._opens_arithmetic()
        else:
            self._opens()

    def _opens_arithmetic(self) -> None:
        reader = self.frames[-2].reader
        if self.unknown is None and reader is not None:
            reader.computes()

    def _opens(self) -> None:
        reader, kind = self._top.reader, "subshell"
        try:
            if self.unknown is None and reader is not None:
                kind = reader.opens(self.at > 0 and self.text[self.at - 1] not in ENDS_WORD)
        except Unknown as unknown:
            self._doubt(unknown)
        if kind == "pattern":
            self.at += 1
        elif kind == "function" and (ends := _FUNCTION.match(self.text, self.at)):
            self.at = ends.end()
        else:
            if kind == "function":
                self._doubt(Unknown("after a parenthesis inside a command"))
            self._push(Kind.COMMAND, 1, in_word=False, is_array=kind == "array")
