"""Compiles the scope of a viewer to the condition that every read uses."""

from models.access.viewer import Scope
from runner.store.where.arguments import Arguments


def compile_scope(scope: Scope, arguments: Arguments, column: str = "namespace") -> str:
    if scope.namespaces is None:
        return "true"
    return (
        "("
        + " or ".join(compile_under(column, namespace, arguments) for namespace in scope.namespaces)
        + ")"
        if scope.namespaces
        else "false"
    )


def compile_under(column: str, namespace: str, arguments: Arguments) -> str:
    """The namespace itself and everything below it."""
    name = namespace.removesuffix("*").removesuffix(".")
    return (
        f"({column} = {arguments.add(name)} or starts_with({column}, {arguments.add(name + '.')}))"
    )
