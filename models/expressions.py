"""Static analysis of expressions: their positions, their references and their errors.

Parsing does not run any part of an expression, so it is safe in the event loop.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from models.shell import Piece, PieceKind
from models.similar import did_you_mean

MAX_TEXT = 64 * 1024
"""Characters of a text with expressions; parsing a longer one would block the event loop."""
MAX_EXPRESSIONS = 1000
MAX_EXPRESSION = 4096
"""Characters of one expression."""

SYNTAX: Mapping[str, Any] = {
    # `{#` opens a comment in Jinja, but is a length in shell: `${#name}`. The shell's meaning is kept.
    "comment_start_string": "\x00{#",
    "comment_end_string": "#}\x00",
    "keep_trailing_newline": True,
}
OWN_FILTERS = frozenset({"raw", "shellquote"})
GLOBALS = frozenset({"range", "dict", "namespace"})
_ENVIRONMENT = Environment(optimized=False, autoescape=False, **SYNTAX)
_FOREIGN = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
_SHELL_STATEMENTS = (nodes.If, nodes.For, nodes.Assign, nodes.Output)


@dataclass(frozen=True, slots=True)
class Misreading:
    """An error in a text, with its offset."""

    offset: int
    message: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of `root`, or of `root.name` if the name is literal and not computed."""

    root: str
    name: str | None
    offset: int


@dataclass(frozen=True, slots=True)
class Reading:
    """The content of one text. `single` is the expression's source if the text is a single expression."""

    single: str | None
    pieces: tuple[Piece, ...]
    references: tuple[Reference, ...]
    misreadings: tuple[Misreading, ...]
    foreign_statements: tuple[Misreading, ...]
    """Statements that a shell script may not contain, because they would defeat the quoting."""


def has_expressions(value: Any) -> bool:
    """Returns whether any text in a nested value contains an expression or statement."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(map(has_expressions, value.values()))
    if isinstance(value, list | tuple):
        return any(map(has_expressions, value))
    return False


def is_single_expression(text: str) -> bool:
    """Returns whether a text is one expression and nothing else; its value then keeps its type."""
    return read(text).single is not None


@lru_cache(maxsize=2048)
def read(text: str) -> Reading:
    """Analyses a text without evaluating it."""
    if len(text) > MAX_TEXT:
        fault = Misreading(0, f"a text with expressions holds at most {MAX_TEXT // 1024} KiB")
        return Reading(None, (), (), (fault,), ())
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return _reading(text)
    except TemplateSyntaxError as error:
        fault = Misreading(_opening_in_line(text, error.lineno), _sentence(error))
    except RecursionError:
        fault = Misreading(0, "the expression is nested too deeply")
    return Reading(None, (), (), (fault,), ())


def _reading(text: str) -> Reading:
    pieces = tuple(_pieces(text))
    if len(pieces) > 2 * MAX_EXPRESSIONS:
        fault = Misreading(0, f"a text holds at most {MAX_EXPRESSIONS} expressions")
        return Reading(None, (), (), (fault,), ())
    for piece in pieces:
        if piece.kind is not PieceKind.DATA and len(piece.text) > MAX_EXPRESSION:
            fault = Misreading(piece.offset, "an expression holds at most 4 KiB")
            return Reading(None, (), (), (fault,), ())
    if faults := tuple(_expression_faults(pieces)):
        return Reading(None, pieces, (), faults, ())
    found = list(_nodes(_ENVIRONMENT.parse(text)))
    return Reading(
        _single(pieces),
        pieces,
        tuple(_references(found, text)),
        tuple(_unknown(found, text)),
        tuple(_foreign_statements(found, text)),
    )


def _nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yields every node, without recursion, so that it can walk whatever depth the parser accepts."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.iter_child_nodes()


def strings(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yields every text in a nested value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(item, (*path, key))
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from strings(item, (*path, position))


def _pieces(text: str) -> Iterator[Piece]:
    """Yields data, expressions and statements, with Jinja's white space control applied."""
    position = 0
    opened: tuple[PieceKind, int, int] | None = None
    for _, token, value in _ENVIRONMENT.lexer.tokeniter(text, None):
        start = text.find(value, position)
        position = start + len(value) if start >= 0 else position
        if token == "data":
            yield Piece(PieceKind.DATA, value, start)
        elif token in {"variable_begin", "block_begin"}:
            kind = PieceKind.EXPRESSION if token == "variable_begin" else PieceKind.STATEMENT
            opened = (kind, start, position)
        elif token in {"variable_end", "block_end"} and opened is not None:
            kind, begin, inside = opened
            yield Piece(kind, text[inside:start], begin)
            opened = None


def _expression_faults(pieces: tuple[Piece, ...]) -> Iterator[Misreading]:
    for piece in pieces:
        if piece.kind is PieceKind.EXPRESSION:
            try:
                _ENVIRONMENT.parse("{{" + piece.text + "}}")
            except TemplateSyntaxError as error:
                yield Misreading(piece.offset, _sentence(error))


def _sentence(error: TemplateSyntaxError) -> str:
    return (
        f"this expression cannot be read: {error.message}"
        "; put text that is not an expression between {% raw %} and {% endraw %}"
    )


def _opening_in_line(text: str, line: int) -> int:
    """Returns the offset of the first expression or statement in a line, or else of the line."""
    start = sum(len(row) + 1 for row in text.split("\n")[: line - 1])
    places = [place for mark in ("{{", "{%") if (place := text.find(mark, start)) >= 0]
    return min(places, default=min(start, len(text)))


def _single(pieces: tuple[Piece, ...]) -> str | None:
    visible = [piece for piece in pieces if piece.kind is not PieceKind.DATA or piece.text.strip()]
    if len(visible) == 1 and visible[0].kind is PieceKind.EXPRESSION:
        return visible[0].text.strip()
    return None


def is_raw(piece: Piece) -> bool:
    """Returns whether an expression ends with `| raw`."""
    tree = _ENVIRONMENT.parse("{{" + piece.text + "}}")
    output = tree.body[0]
    return (
        isinstance(output, nodes.Output)
        and len(output.nodes) == 1
        and isinstance(output.nodes[0], nodes.Filter)
        and output.nodes[0].name == "raw"
    )


def _references(found: list[nodes.Node], text: str) -> Iterator[Reference]:
    names = [node for node in found if isinstance(node, nodes.Name)]
    stored = {name.name for name in names if name.ctx != "load"}
    loops = any(isinstance(node, nodes.For) for node in found)
    local = stored | GLOBALS | ({"loop"} if loops else set())
    named: set[int] = set()
    uses: dict[tuple[str, str | None, int], None] = {}
    for access in found:
        if not isinstance(access, nodes.Getattr | nodes.Getitem):
            continue
        base, name = access.node, _accessed(access)
        if isinstance(base, nodes.Name) and base.name not in local and name is not None:
            named.add(id(base))
            uses[base.name, name, access.lineno] = None
    for bare in names:
        if bare.name not in local and id(bare) not in named:
            uses[bare.name, None, bare.lineno] = None
    for root, name, line in uses:
        yield Reference(root, name, _offset_of(text, line, root, name or ""))


def _accessed(access: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(access, nodes.Getattr):
        return access.attr
    key = access.arg
    return key.value if isinstance(key, nodes.Const) and isinstance(key.value, str) else None


def _offset_of(text: str, line: int, root: str, name: str = "") -> int:
    """Returns the first offset of the name in its line, because Jinja keeps line numbers only."""
    start = _opening_in_line(text, line)
    for words in (f"{root}.{name}", f"{root}['{name}']", f'{root}["{name}"]', root):
        if (place := text.find(words, start)) >= 0:
            return place
    return start


def _unknown(found: list[nodes.Node], text: str) -> Iterator[Misreading]:
    """Yields unknown filters and tests, and statements that refer to other templates."""
    filters, tests = frozenset(_ENVIRONMENT.filters) | OWN_FILTERS, frozenset(_ENVIRONMENT.tests)
    for node in found:
        if isinstance(node, nodes.Filter | nodes.Test):
            kind, known = ("filter", filters) if isinstance(node, nodes.Filter) else ("test", tests)
            if node.name not in known:
                yield Misreading(
                    _offset_of(text, node.lineno, node.name),
                    f"there is no {kind} `{node.name}`{did_you_mean(node.name, known)}",
                )
        elif isinstance(node, _FOREIGN):
            place = _opening_in_line(text, node.lineno)
            yield Misreading(place, "other templates cannot be included or imported")


def _foreign_statements(found: list[nodes.Node], text: str) -> Iterator[Misreading]:
    for node in found:
        if isinstance(node, nodes.Stmt) and not isinstance(node, _SHELL_STATEMENTS):
            yield Misreading(
                _opening_in_line(text, node.lineno),
                "a shell script may contain only `if`, `for` and `set` statements",
            )
