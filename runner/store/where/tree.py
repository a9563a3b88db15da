"""Compiles And, Or and Not. Null counts as false, also under a Not."""

from collections.abc import Sequence

from models.filters.filters import And, Field, Filter, Not, Or, Term, mentions, mentions_tests
from models.labels import TEST
from runner.store.where.arguments import Arguments
from runner.store.where.terms import EXECUTIONS, Target, compile_term


def compile_filter(node: Filter, arguments: Arguments, target: Target = EXECUTIONS) -> str:
    match node:
        case And(parts):
            return _joined(parts, " and ", "true", arguments, target)
        case Or(parts):
            return _joined(parts, " or ", "false", arguments, target)
        case Not(part):
            return f"not coalesce({compile_filter(part, arguments, target)}, false)"
        case Term():
            return compile_term(node, arguments, target)


def compile_listed(node: Filter, arguments: Arguments) -> str:
    """As `compile_filter`, but excludes archived executions and tests, unless the filter mentions them."""
    parts = [compile_filter(node, arguments)]
    if not mentions_tests(node):
        parts.insert(0, f"not labels ? '{TEST}'")
    if not mentions(node, Field.ARCHIVED):
        parts.insert(0, "not archived")
    return " and ".join(parts)


def _joined(
    parts: Sequence[Filter], word: str, empty: str, arguments: Arguments, target: Target
) -> str:
    compiled = [compile_filter(part, arguments, target) for part in parts]
    return f"({word.join(compiled)})" if compiled else empty
