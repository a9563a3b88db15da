"""Compiles filters to SQL. Values are always passed as arguments; names come only from the tables in this package."""

from runner.store.where.arguments import Arguments
from runner.store.where.scope import compile_scope, compile_under
from runner.store.where.terms import EXECUTIONS, FLOWS, Target, compile_text, first_id_of
from runner.store.where.tree import compile_filter, compile_listed

__all__ = [
    "EXECUTIONS",
    "FLOWS",
    "Arguments",
    "Target",
    "compile_filter",
    "compile_listed",
    "compile_scope",
    "compile_text",
    "compile_under",
    "first_id_of",
]
