"""Checks the arguments of programs that run text: a value may be used only where it is data."""

import re
from collections.abc import Sequence

from models.shell import programs
from models.shell.programs import INTERPRETERS, Program, family
from models.shell.reader import Command, Stdin, Unknown
from models.shell.words import Word


def _is_operand(word: Word) -> bool:
    """Returns whether the word cannot be an option and remains one word."""
    return word.is_single and word.prefix != "" and not word.prefix.startswith("-")


def _plain(word: Word, program: str) -> str:
    if word.literal is None:
        raise Unknown(f"where `{program}` may read options or text that it runs")
    return word.literal


class _Arguments:
    """Walks the words up to the point from which the program treats all others as data."""

    def __init__(self, program: str, words: Sequence[Word]) -> None:
        self._program = program
        self._spec = INTERPRETERS[family(program)]
        self._words = words
        self._at = 0
        self._over = False
        self.has_text = False
        """Whether the words include a text to run, or a file with one."""

    def walk(self) -> None:
        while not self._over and self._at < len(self._words):
            word = self._words[self._at]
            if self.has_text and not self._spec.stops and _is_operand(word):
                self._at += 1
                continue
            text = _plain(word, self._program)
            if text == "--" and self.has_text:
                self._over = True
            elif text.startswith("-") and len(text) > 1:
                self._option(text)
            else:
                self._operand(text)

    def _operand(self, text: str) -> None:
        self._at += 1
        if text == "-" or text.startswith(("/dev/", "/proc/")):
            self._over = True
        else:
            self.has_text, self._over = True, self._spec.stops

    def _option(self, text: str) -> None:
        rest = self._words[self._at + 1 : self._at + 3]
        if text in self._spec.data and rest:
            if not (rest[0].is_single and re.match(self._spec.data[text], rest[0].prefix)):
                _plain(rest[0], self._program)
            self._at += 2
        elif text in self._spec.named and len(rest) > 1:
            _plain(rest[0], self._program)
            if not rest[1].is_single:
                _plain(rest[1], self._program)
            self._at += 3
        else:
            self._text_option(text, rest)

    def _text_option(self, text: str, rest: Sequence[Word]) -> None:
        option = _option(text, self._spec)
        self._at += 1
        if option in self._spec.code | self._spec.takes and not _attached(text, option):
            if not rest:
                raise Unknown(f"with `{self._program}` without its text")
            _plain(rest[0], self._program)
            self._at += 1
        if option in self._spec.code:
            self.has_text, self._over = True, self._spec.code_stops


def check_interpreter(program: str, words: Sequence[Word], command: Command) -> None:
    arguments = _Arguments(program, words)
    arguments.walk()
    if not arguments.has_text and not _is_query(words) and command.stdin is not Stdin.GIVEN:
        raise Unknown(f"with `{program}`, which would run what it reads,")


def _option(text: str, spec: Program) -> str:
    """Returns the option that determines the meaning of the next word: in combined letters such as `-ne`, the one that
    takes an argument."""
    if text.startswith("--"):
        return text.split("=", 1)[0]
    for letter in text[1:]:
        if f"-{letter}" in spec.code | spec.takes:
            return f"-{letter}"
    return text


def _attached(text: str, option: str) -> bool:
    """Returns whether the option's argument is in the same word."""
    if text.startswith("--"):
        return "=" in text
    return not text.endswith(option[1])


def _is_query(words: Sequence[Word]) -> bool:
    return [word.literal for word in words] in (["--version"], ["-V"], ["-v"], ["--help"])


def check_all_plain(program: str, words: Sequence[Word], command: Command) -> None:
    for word in words:
        _plain(word, program)
    operands = [word for word in words if not str(word.literal).startswith("-")]
    reads = family(program) in programs.READ_TEXT or (program == "ssh" and len(operands) < 2)
    if reads and command.stdin is not Stdin.GIVEN and not _is_query(words):
        raise Unknown(f"with `{program}`, which would run what it reads,")


def check_options(program: str, words: Sequence[Word]) -> None:
    for word in words:
        if word.literal == "--":
            return
        if word.is_open and not _is_operand(word):
            raise Unknown(
                f"where `{program}` may read an option that runs a command (put it after `--`)"
            )
