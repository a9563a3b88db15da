"""Converts scopes to and from columns: a list of namespaces, or null for all namespaces."""

from models.access.viewer import Scope
from runner.store.json import dump_or_none, load


def scope_of(text: str | None) -> Scope:
    namespaces = load(text)
    return Scope(None if namespaces is None else tuple(namespaces))


def kept(scope: Scope) -> str | None:
    return dump_or_none(scope.namespaces)
