"""Builtins of bash and dash, and rules for the arguments that they treat as data."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from models.shell.numbers import Numbers
from models.shell.reader import Unknown
from models.shell.variables import is_evaluated, is_special
from models.shell.words import OPEN, Word

DATA = frozenset(
    {
        *("echo", "true", "false", ":", "cd", "pwd", "exit", "return", "shift", "break"),
        *("continue", "kill", "umask", "ulimit", "times", "type", "hash", "pushd", "popd"),
        *("dirs", "jobs", "bg", "fg", "disown", "suspend", "caller"),
    }
)
"""Builtins that treat every argument as data."""
_BINARY = frozenset(
    {*("=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"), *("-nt", "-ot", "-ef")}
)
_OPERATORS = frozenset({"!", "\\<", "\\>", "\\(", "\\)"})
_UNARY = frozenset(f"-{letter}" for letter in "abcdefghknoprstuwxzGLNOS")
_SIGNAL = re.compile(r"[A-Z0-9]+")
_DECLARES = re.compile(r"-[rxg]+")


class Checker(Protocol):
    @property
    def numbers(self) -> Numbers: ...

    @property
    def nested(self) -> Callable[[str, int], None]: ...


def _never(name: str, words: Sequence[Word], checker: Checker) -> None:
    raise Unknown(f"with `{name}`, which runs text as code or changes what words mean,")


def _trap(name: str, words: Sequence[Word], checker: Checker) -> None:
    given = words[1:] if words and words[0].literal == "--" else words
    if any(word.is_open for word in given):
        raise Unknown("with a `trap` whose text is not plain")
    if given and not str(given[0].literal).startswith("-"):
        checker.nested(str(given[0].literal), given[0].place)


def _printf(name: str, words: Sequence[Word], checker: Checker) -> None:
    rest = words
    if words and words[0].literal == "-v":
        _variable(name, words[1:2], checker)
        rest = words[2:]
    elif words and words[0].literal == "--":
        rest = (
            [Word("%", 0), *words[2:]] if len(words) > 1 and not words[1].has_value else words[1:]
        )
    if rest and (rest[0].has_value or rest[0].may_be_option or rest[0].prefix.startswith("-")):
        raise Unknown("where `printf` reads its format")


def _read(name: str, words: Sequence[Word], checker: Checker) -> None:
    if name != "read" and any(re.match(r"-\w*C", str(word.literal)) for word in words):
        raise Unknown(f"with `{name} -C`, which runs text")
    for word in words:
        text = word.literal
        if text is None or (not text.startswith("-") and not re.fullmatch(r"\w*[.,:]*", text)):
            raise Unknown(f"where `{name}` takes the names of variables")
        _variable(name, [] if text.startswith("-") or not word.is_name else [word], checker)
    checker.numbers.assign("REPLY", OPEN)
    checker.numbers.assign("MAPFILE", OPEN)


def _variable(name: str, words: Sequence[Word], checker: Checker) -> None:
    for word in words:
        if not word.is_name or is_special(str(word.literal)):
            raise Unknown(f"where `{name}` takes the name of a variable")
        checker.numbers.assign(str(word.literal), OPEN)


def _unset(name: str, words: Sequence[Word], checker: Checker) -> None:
    for word in words:
        if word.literal not in {"-v", "-f"} and not word.is_name:
            raise Unknown(f"where `{name}` takes the name of a variable")


def _declare(name: str, words: Sequence[Word], checker: Checker) -> None:
    for word in words:
        found = word.assignment
        if found is not None and found[2] is None:
            given = word.raw[found.end() :]
            if not word.is_single:
                raise Unknown(f"without quotes around a value of `{name}`")
            if word.has_value and (name in {"declare", "typeset"} or is_special(found[1])):
                raise Unknown(f"where `{name}` may evaluate it")
            if is_evaluated(found[1]) and Word(given, 0).is_open:
                raise Unknown(f"in `{found[1]}`, which has a meaning of its own,")
            if name in {"declare", "typeset"} and Word(given, 0).is_open:
                raise Unknown(f"where `{name}` may evaluate it")
            checker.numbers.assign(found[1], given or OPEN)
        elif word.is_open or not (word.is_name or _DECLARES.fullmatch(str(word.literal))):
            raise Unknown(f"with a `{name}` that may evaluate its words")


def _test(name: str, words: Sequence[Word], checker: Checker) -> None:
    given = list(words)
    if name == "[" and (not given or given.pop().raw != "]"):
        raise Unknown("with a `[` without its `]`")
    for word in given:
        if not (word.is_single or word.raw in _OPERATORS | _BINARY):
            checker.numbers.unquoted(word.raw, word.place)
    if any(word.is_open for word in given):
        _comparison(name, given)


def _comparison(name: str, words: Sequence[Word]) -> None:
    while len(words) > 1 and words[0].raw == "!":
        words = words[1:]
    raws = [word.raw.strip("\\") for word in words]
    is_unary = len(raws) == 2 and raws[0] in _UNARY
    is_binary = len(raws) == 3 and (raws[1] in _BINARY or words[1].literal in _BINARY)
    if not (len(raws) == 1 or is_unary or is_binary):
        raise Unknown(f"in a `{name}` that is more than one plain comparison")


def _set(name: str, words: Sequence[Word], checker: Checker) -> None:
    for word in words:
        if word.literal == "--" and name == "set":
            return
        if word.is_open:
            raise Unknown(f"where `{name}` reads options")


def _wait(name: str, words: Sequence[Word], checker: Checker) -> None:
    opened = [word for word in words if word.is_open]
    if len(opened) > 1 or any(word.has_value or not word.is_single for word in opened):
        raise Unknown("with a `wait` that may name a variable")
    if any(str(word.literal).startswith("-") for word in words if not word.is_open):
        raise Unknown("with a `wait` with options")


def _getopts(name: str, words: Sequence[Word], checker: Checker) -> None:
    if any(word.is_open for word in words[:2]):
        raise Unknown("where `getopts` takes the name of a variable")
    _variable(name, words[1:2], checker)


BUILTINS: Mapping[str, Callable[[str, Sequence[Word], Checker], None]] = {
    **dict.fromkeys(("eval", "source", ".", "let", "alias", "unalias", "enable", "bind"), _never),
    **dict.fromkeys(("complete", "compgen", "compopt", "fc", "history", "help"), _never),
    "logout": _never,
    "trap": _trap,
    "printf": _printf,
    **dict.fromkeys(("read", "mapfile", "readarray"), _read),
    "unset": _unset,
    **dict.fromkeys(("declare", "typeset", "local", "export", "readonly"), _declare),
    **dict.fromkeys(("test", "["), _test),
    **dict.fromkeys(("set", "shopt"), _set),
    "wait": _wait,
    "getopts": _getopts,
}
