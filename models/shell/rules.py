"""Checks that a command treats its words as data, whatever values they contain."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.shell import programs
from models.shell.builtins import BUILTINS, DATA
from models.shell.interpreters import check_all_plain, check_interpreter, check_options
from models.shell.numbers import Numbers
from models.shell.programs import INTERPRETERS, family
from models.shell.reader import Command, Unknown
from models.shell.variables import is_evaluated, is_special
from models.shell.words import OPEN, Word

_NUMBER = re.compile(r"\d+(\.\d+)?[smhd]?")
_OPTIONS_WITH_TEXT = re.compile(r"-[A-Za-z]*c")
_MOST_PROGRAMS = 20
"""The most programs in one command, each of which may start the next."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Checks the commands of one script. `nested` reads a text that a command runs as a script."""

    numbers: Numbers
    nested: Callable[[str, int], None]

    def check(self, command: Command) -> None:
        """Raises Unknown if a value could become more than data."""
        for word in command.assignments:
            self._assign(word)
        running = [word for word in command.words if programs.runs_text(word.program or "")]
        if len(running) > _MOST_PROGRAMS:
            raise Unknown("with a command that starts so many others")
        if command.words:
            self._run(command.words, command)

    def _assign(self, word: Word) -> None:
        found = word.assignment
        assert found is not None
        name, subscript, given = found[1], found[2], word.raw[found.end() :]
        if subscript is not None and not subscript[1:-1].isdigit():
            raise Unknown("after an array's subscript, which bash evaluates")
        is_open = given == "" or Word(given, 0).is_open
        if is_open and (is_evaluated(name) or (word.has_value and is_special(name))):
            raise Unknown(f"in `{name}`, which has a meaning of its own,")
        self.numbers.assign(name, given or OPEN)

    def _run(self, words: Sequence[Word], command: Command) -> None:
        first = words[0]
        program = "[" if first.raw == "[" else None if first.is_open else first.program
        if not program or str(first.literal).startswith(("-", "+", "%")):
            raise Unknown("with a command whose name is not plain")
        is_path = "/" in first.raw
        if is_path or program not in DATA:
            self._check_statements(program, command)
            if program in BUILTINS and not is_path:
                BUILTINS[program](program, words[1:], self)
            else:
                self._program(program, words[1:], command)

    def _check_statements(self, program: str, command: Command) -> None:
        """Raises Unknown for statements: they may omit words, which moves others to where the program runs text."""
        if command.steady is None or (program == "printf" and command.steady > 1):
            return
        known = programs.runs_text(program) or program in programs.RUN_OPTIONS
        if known or program in BUILTINS:
            raise Unknown(f"with statements among the words of `{program}`")

    def _program(self, program: str, words: Sequence[Word], command: Command) -> None:
        if program in programs.WRAPPERS:
            self._wrapper(program, words, command)
        elif program in programs.SHELLS:
            self._shell(program, words)
        elif family(program) in INTERPRETERS:
            check_interpreter(program, words, command)
        else:
            if family(program) in programs.RUN_TEXT:
                check_all_plain(program, words, command)
            elif program in programs.RUN_OPTIONS:
                check_options(program, words)
            self._suffixes(words, command)

    def _suffixes(self, words: Sequence[Word], command: Command) -> None:
        """Checks programs that are named among the arguments: they may be started with the following words."""
        for place, word in enumerate(words):
            if word.program is not None and programs.runs_text(word.program):
                if command.steady is not None:
                    raise Unknown(f"with statements among the words of `{word.program}`")
                self._run(words[place:], command)
                return

    def _wrapper(self, program: str, words: Sequence[Word], command: Command) -> None:
        if program == "command" and words and words[0].literal in {"-v", "-V"}:
            return
        has_options = False
        for place, word in enumerate(words):
            if word.assignment is not None and word.is_single:
                self._assign(word)
            elif word.is_open:
                raise Unknown(f"where `{program}` takes the command that it runs")
            elif str(word.literal).startswith("-"):
                has_options = True
            elif not _NUMBER.fullmatch(str(word.literal)):
                rest = words[place:]
                if has_options and any(other.is_open for other in rest):
                    raise Unknown(f"after `{program}` with options")
                return self._run(rest, command)
        return None

    def _shell(self, program: str, words: Sequence[Word]) -> None:
        for place, word in enumerate(words):
            text = word.literal
            if text is None:
                break
            if text.startswith("-") and _OPTIONS_WITH_TEXT.fullmatch(text):
                script = words[place + 1] if place + 1 < len(words) else None
                if script is None or script.literal is None:
                    break
                return self.nested(script.literal, script.place)
            if not text.startswith(("-", "+")):
                if text.startswith(("/dev/", "/proc/")):
                    break
                return None
            if not re.fullmatch(r"-[euxvf]+", text):
                break
        raise Unknown(f"with `{program}`, which would run more than a script written there,")
