"""Reads the quotes, expansions and here-documents of a shell script."""

import re

from models.shell.frames import Kind
from models.shell.heredocs import Heredoc
from models.shell.pieces import REFUSED_MARKS
from models.shell.reader import Unknown
from models.shell.reading import Reading
from models.shell.variables import is_evaluated
from models.shell.words import OPEN

BLANKS = " \t"
ENDS_WORD = " \t\n;&|<>()"
_EXPANSION = re.compile(
    r"\$\{(#?[A-Za-z_]\w*|#?[0-9@*]|[#?$!-])(\[([@*]|[0-9]+)\])?"
    r"(\}|:?[-+?=]|##?|%%?|//?|\^\^?|,,?|@Q\}|: ?-?[0-9]+(:-?[0-9]+)?\})"
)
_PLAIN_BODY = re.compile(
    r"(?:[^$`\\]|\\.|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}|\$[#?$0-9]|\$(?=[^\w({\[\\]))*", re.S
)


class Quotes(Reading):
    def _quoting(self, char: str) -> bool:
        """Reads the beginning of quotes or of an expansion. Returns whether there was one."""
        if char == "\\":
            self._backslash()
        elif char == "'":
            self._skip_to(self.text.find("'", self.at + 1), "inside single quotes")
        elif char == '"':
            self._push(Kind.DOUBLE, 1)
        elif char == "`":
            self._backticks()
        elif char == "$":
            self._dollar()
        else:
            return False
        return True

    def _backticks(self) -> None:
        end = self._closing("`", self.at + 1)
        inner = self.text[self.at + 1 : max(end, 0)]
        self._skip_to(end, "inside backticks")
        if "\\" in inner:
            raise Unknown("after a backslash inside backticks")
        self._nested(inner, self.at)

    def _backslash(self) -> None:
        following = self._next()
        if following in REFUSED_MARKS:
            self._refuse(self.at + 1, self.at + 2, "straight after a backslash")
        self._step(2, "" if following == "\n" else "?")

    def _dollar(self) -> None:
        following = self._next()
        in_double = self._top.kind is Kind.DOUBLE
        if following in REFUSED_MARKS and not in_double:
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
            self._push(Kind.ARITHMETIC, 3, depth=2)
        else:
            self._push(Kind.COMMAND, 2)

    def _expansion(self) -> None:
        if self._next(2) in {" ", "\t", "\n", "|", "(", "\\"}:
            self.lost = "after `${` that runs a command"
        else:
            known = _EXPANSION.match(self.text, self.at)
            if known is None or (known[4].lstrip(":") == "=" and is_evaluated(known[1])):
                self._doubt(Unknown("in `${ }` that evaluates what it holds"))
            elif known[4].lstrip(":") == "=":
                self.numbers.assign(known[1], OPEN)
            self._push(Kind.BRACE, 2)

    def _ansi_quotes(self) -> None:
        in_quotes = any(frame.kind is Kind.DOUBLE for frame in self.frames)
        if not self.bash or (in_quotes and self._top.kind is Kind.BRACE):
            self.lost = "after `$'`, which shells read differently"
        else:
            self._skip_to(self._closing("'", self.at + 2), "inside $' '")

    def _double(self, char: str) -> None:
        if char == '"':
            self._pop()
        elif char == "'" or not self._quoting(char):
            self._inside(char, "inside double quotes")

    def _brace(self, char: str) -> None:
        if char == "}":
            self._pop()
        elif char == "'" and any(frame.kind is Kind.DOUBLE for frame in self.frames):
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
        if char in REFUSED_MARKS:
            self._refuse(self.at, self.at + 1, self._where() or where)
        elif char == "\n" and any(frame.heredocs for frame in self.frames):
            self.lost = "after a here-document that begins in a line with quotes across lines"
        self.at += 1

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
        while self._next(0) and self._next(0) in BLANKS:
            self.at += 1
        start = self.at
        while self._next(0) and self._next(0) not in ENDS_WORD:
            self.at += 1
        self._refuse(start, self.at, "as a here-document's delimiter")
        heredoc = Heredoc.of(self.text[start : self.at], strips)
        if heredoc is None:
            self.lost = "after a here-document whose delimiter is not a simple word"
        else:
            self._top.heredocs.append(heredoc)
            if self.unknown is None and self._top.reader is not None:
                self._top.reader.heredoc(heredoc.expands)

    def _bodies(self) -> None:
        """Reads, after the end of a line, the bodies of the here-documents that began in it."""
        if any(frame.heredocs for frame in self.frames[:-1]):
            self.lost = "after a here-document that begins in a line with parentheses across lines"
        for heredoc in self._top.heredocs:
            end = heredoc.end(self.text, self.at, nested=len(self.frames) > 1)
            if end is None:
                self.lost = "in or after a here-document whose end is not plain"
                break
            self._refuse(self.at, end, "inside a here-document")
            if heredoc.expands and not _PLAIN_BODY.fullmatch(self.text, self.at, end):
                self._doubt(Unknown("in a here-document that runs commands"))
            self.at = end
        self._top.heredocs = []
