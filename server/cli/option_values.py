"""Maps words in options to enum values of the API; for a wrong one, lists or suggests the right ones."""

from collections.abc import Iterable, Sequence
from typing import Any

from server.cli.api import CommandFailed


def one_of(text: str, known: Iterable[str], what: str) -> str:
    """Returns the enum value, in any case and with `-` or `_`. Raises CommandFailed with the known ones."""
    values = list(known)
    found = text.strip().upper().replace("-", "_").replace(" ", "_")
    if found in values:
        return found
    raise unknown(text, [value.lower().replace("_", "-") for value in values], what)


def unknown(text: str, names: Iterable[str], what: str) -> CommandFailed:
    from models.similar import nearest

    known = list(names)
    near = nearest(
        text.lower(), known, likeness=0.75
    )  # high enough to keep `running` from `warning`
    meant = f"did you mean {near}?" if near else f"there are: {', '.join(known)}"
    return CommandFailed(f"there is no {what} {text!r}; {meant}")


def states(words: Iterable[str]) -> list[str]:
    """Returns execution states, also for names of other tools. Raises CommandFailed."""
    from models.search.fields import states_named
    from models.states import ExecutionState

    found: list[str] = []
    for word in words:
        named = states_named(word)
        if not named:
            raise unknown(word, [state.value.lower() for state in ExecutionState], "state")
        found += [state.value for state in named]
    return list(dict.fromkeys(found))


def triggers(words: Sequence[str]) -> list[str]:
    """Returns kinds of triggers. Raises CommandFailed."""
    from models.search.fields import TRIGGER_WORDS

    found = [TRIGGER_WORDS.get(word.strip().lower()) for word in words]
    for word, kind in zip(words, found, strict=True):
        if kind is None:
            raise unknown(word, TRIGGER_WORDS, "kind of trigger")
    return list(dict.fromkeys(kind.value for kind in found if kind))


def ordering(name: str) -> dict[str, Any]:
    """Returns the query arguments: `orderBy`, or `orderByValue` for a text column or one with a key. The default is
    descending. Raises CommandFailed."""
    from models.orders import TEXTS, ExecutionOrder

    upper = name.upper().replace("-", "_")
    whole = upper if upper.endswith(("_ASC", "_DESC")) else f"{upper}_DESC"
    if whole in ExecutionOrder.__members__:
        return {"orderBy": whole}
    column, _, direction = name.rpartition("_")
    if direction.upper() not in ("ASC", "DESC"):
        column, direction = name, "DESC"
    texts = {text.lower(): text for text in TEXTS}
    column = texts.get(column.lower().replace("-", "").replace("_", ""), column)
    if "." not in column and column not in TEXTS:
        known = dict.fromkeys((*(one.column.lower() for one in ExecutionOrder), *TEXTS))
        raise unknown(
            name, (*known, "metric.NAME", "property.KEY", "input.KEY", "label.KEY"), "order"
        )
    return {"orderByValue": {"column": column, "direction": direction.upper()}}
