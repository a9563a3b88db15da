"""Parses a search with lark. Errors are reported with the column and what was expected there."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from models.errors import Problem, ProblemCode, Refused
from models.filters.filters import EVERYTHING, And, Filter, Not, Operator, Term, check_size
from models.search.fields import EXECUTIONS, Known, Takes, Vocabulary, any_of
from models.search.terms import OPERATORS, between, condition, words
from models.search.values import Given, Unfit
from models.similar import word_meant

LONGEST: Final = 2000
"""Characters of a search."""
_PATH = "search"
_MOST_OPEN = 200
_EXPECTED: Final = {
    "VALUE": "a value",
    "KEY": "a key",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "FIELD": "a term such as state:failed",
    "WORD": "a word",
    "_AND": "AND",
    "_OR": "OR",
    "_TO": "TO",
    "COLON": "`:`",
    "COMPARISON": "an operator such as = or >",
    "$END": "the end",
}


class _Misfit(Exception):
    """Carries a refusal out of lark, which wraps what its callbacks raise."""

    def __init__(self, sentence: str, column: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.column = column


def parse_search(text: str, vocabulary: Vocabulary = EXECUTIONS) -> Filter:
    """Returns the filter of a search; an empty search matches everything. Raises Refused, with the column."""
    if len(text) > LONGEST:
        _refuse(f"a search has at most {LONGEST} characters; this has {len(text)}", LONGEST + 1)
    if "\0" in text:
        _refuse("a search must not contain NUL", text.index("\0") + 1)
    # Each level needs stack space while the tree is built, which is before the check of DEEPEST.
    if text.count("(") > _MOST_OPEN or len(re.findall(r"\bNOT\b", text)) > _MOST_OPEN:
        _refuse(f"nested too deeply: more than {_MOST_OPEN} parentheses or NOTs", 1)
    try:
        tree = _parser().parse(text)
        return check_size(_Reader(vocabulary).transform(tree), _PATH)
    except UnexpectedInput as error:
        _refuse(*_unexpected(error, text))
    except VisitError as error:
        if not isinstance(error.orig_exc, _Misfit):
            raise
        _refuse(error.orig_exc.sentence, error.orig_exc.column)


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text()
    return Lark(grammar, parser="lalr", maybe_placeholders=True, propagate_positions=False)


def _refuse(sentence: str, column: int) -> NoReturn:
    message = f"{sentence} (column {column})"
    raise Refused([Problem(ProblemCode.VALIDATION, message, (_PATH,), line=1, column=column)])


def _unexpected(error: UnexpectedInput, text: str) -> tuple[str, int]:
    position = error.pos_in_stream
    if not isinstance(error, UnexpectedToken):
        position = position or 0
        if text[position] == '"':
            return "this quote is not closed", position + 1
        return f"did not expect {text[position]!r}", position + 1
    ended = error.token.type == "$END"
    names = error.accepts or error.expected
    words = [word for name, word in _EXPECTED.items() if name in names]
    expected = f": expected {_listed(words)}" if words else ""
    if ended:
        return f"the search ends too early{expected}", len(text) + 1
    return f"did not expect {str(error.token)[:40]!r}{expected}", (position or 0) + 1


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


class _Reader(Transformer[Token, Filter]):
    """Builds the filter bottom up, with one method for each grammar rule."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(visit_tokens=False)
        self._vocabulary = vocabulary

    def start(self, parts: list[Filter]) -> Filter:
        return parts[0] if parts else EVERYTHING

    def disjunction(self, parts: list[Filter]) -> Filter:
        return any_of(parts)

    def conjunction(self, parts: list[Filter]) -> Filter:
        return And(tuple(parts))

    def exclusion(self, parts: list[Filter]) -> Filter:
        return Not(parts[0])

    def operator(self, parts: list[Token]) -> Token:
        return parts[0]

    def value(self, parts: list[Token]) -> Given:
        return _given(parts[0])

    def key(self, parts: list[Token]) -> Given:
        return _given(parts[0])

    def words(self, parts: list[Token]) -> Filter:
        return words(_given(parts[0]))

    @v_args(inline=True)
    def condition(self, name: Token, operator: Token, value: Given, last: Given | None) -> Filter:
        word, _, key = str(name).partition(".")
        known = self._known(word, name)
        if key and known.takes not in (Takes.KEYED, Takes.METRIC):
            raise _Misfit(f"`{word}` has no keys; write {word}:VALUE", _column(name))
        if not key and known.takes in (Takes.KEYED, Takes.METRIC):
            raise _Misfit(f"`{word}` needs a key: expected {word}.KEY or {word}:KEY", _column(name))
        return _condition(known, key or None, operator, value, last)

    @v_args(inline=True)
    def keyed(
        self, name: Token, colon: Token, key: Given, operator: Any, value: Any, last: Any
    ) -> Filter:
        known = self._known(str(name), name)
        assert known.field
        if operator is None:
            return Term(known.field, Operator.EXISTS, True, key.text)
        return _condition(known, key.text, operator, value, last)

    def _known(self, word: str, token: Token) -> Known:
        known = self._vocabulary.get(word) or self._vocabulary.get(word.lower())
        if known is None:
            sentence = f"there is no field `{word}`{self._field_meant(word)}"
            raise _Misfit(f"{sentence} (put text that contains `:` in quotes)", _column(token))
        return known

    def _field_meant(self, word: str) -> str:
        names = {known.name for known in self._vocabulary.values()}
        return word_meant(word.lower(), names, self._vocabulary)


def _condition(
    known: Known, key: str | None, operator: Token, value: Given, last: Given | None
) -> Filter:
    allowed = OPERATORS[known.takes]
    if operator not in allowed:
        options = " ".join(sorted(allowed))
        raise _Misfit(
            f"`{known.name}` takes {known.takes.value}: expected one of {options}",
            _column(operator),
        )
    try:
        if last is None:
            return condition(known, str(operator), value, key)
        node = between(known, value, last, key)
    except Unfit as unfit:
        at = value.column
        raise _Misfit(f"`{known.name}` got {value.text[:40]!r}: expected {unfit}", at) from unfit
    if operator not in (":", "=", "!="):
        raise _Misfit("a range needs `:` before it", _column(operator))
    return Not(node) if operator == "!=" else node


def _given(token: Token) -> Given:
    if token.type == "QUOTED":
        return Given(re.sub(r"(?s)\\(.)", r"\1", token[1:-1]), True, _column(token))
    return Given(str(token), False, _column(token))


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1
