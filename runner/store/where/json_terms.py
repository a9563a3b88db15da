"""Compiles terms over a key of a JSON column."""

from models.filters.filters import Field, Operator, Term
from models.filters.words import NUMBER
from runner.store.json import dump
from runner.store.where.arguments import Arguments

_TRUTHS = ("true", "false")
_COMPARE = {Operator.GTE: ">=", Operator.GT: ">", Operator.LT: "<", Operator.LTE: "<="}


def compile_in_json(column: str, term: Term, arguments: Arguments) -> str:
    match term.operator:
        case Operator.EXISTS:
            return f"{column} ? {arguments.add(term.key)}"
        case Operator.EQ:
            return _same(column, term, term.value, arguments)
        case Operator.IN:
            found = [_same(column, term, value, arguments) for value in term.value]
            return f"({' or '.join(found)})" if found else "false"
        case Operator.PREFIX | Operator.CONTAINS:
            return _in_text(column, term, arguments)
        case _:
            value = f"headway_number({column} -> {arguments.add(term.key)})"
            return f"{value} {_COMPARE[term.operator]} {arguments.add(term.value)}::numeric"


def _same(column: str, term: Term, wanted: str, arguments: Arguments) -> str:
    """Compares by containment, which has an index: as text, and also as a number or boolean if it looks like one."""
    values = [dump(wanted)]
    if term.field is not Field.LABEL and (NUMBER.fullmatch(wanted) or wanted in _TRUTHS):
        values.append(wanted)
    key = dump(term.key)
    found = [f"{column} @> {arguments.add(f'{{{key}: {value}}}')}::jsonb" for value in values]
    return found[0] if len(found) == 1 else f"({' or '.join(found)})"


def _in_text(column: str, term: Term, arguments: Arguments) -> str:
    key, value = arguments.add(term.key), arguments.add(term.value)
    text = f"({column} ->> {key})"
    condition = (
        f"starts_with({text}, {value})"
        if term.operator is Operator.PREFIX
        else f'strpos(lower({text} collate "C"), lower({value}::text collate "C")) > 0'
    )
    return f"(jsonb_typeof({column} -> {key}) = 'string' and {condition})"
