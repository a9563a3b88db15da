"""The data of an entry of the audit log in a few words: what was denied, which role was granted, who was disabled."""

import re
from collections.abc import Mapping
from typing import Any, Final

_LONGEST: Final = 60
"""Characters that are shown of a list, or of data in data; `headway audit --json` has all of it."""
_PHRASES: Final[Mapping[str, str]] = {
    "what": "{}", "state": "{}", "role": "{}", "times": "{} times", "holder": "of {}", "principal": "of {}",
    "namespace": "in {}", "namespaces": "in {}", "expiresAt": "until {}", "method": "by {}",
}  # fmt: skip
"""Of keys that need not be named to be understood; all others are, before their value."""
_EITHER: Final = {
    "disabled": ("disabled", "enabled"),
    "claimed": ("took over the name", "new"),
}
_ON: Final = ("in ", "of ", "until ", "by ")
"""Joined to the words before them without a comma."""


def words_of(entry: Mapping[str, Any]) -> str:
    data = dict(entry["data"] or {})
    if "holder" in data:
        data.pop("principal", None)  # the id of the same
    if data.get("times") == 1:
        del data["times"]
    if entry["namespace"]:
        data.setdefault("namespace", entry["namespace"])
    said = ""
    for key, value in data.items():
        if words := _said(key, value):
            joint = " " if words.startswith(_ON) else ", "
            said += f"{joint if said else ''}{words}"
    return said


def _said(key: str, value: Any) -> str:
    """Nothing of what was not given."""
    name = re.sub("(?<=[a-z])(?=[A-Z])", " ", key).lower()
    if value is None:
        return ""
    if isinstance(value, bool):
        either = _EITHER.get(key, (name, f"not {name}"))
        return either[0] if value else either[1]
    return _PHRASES.get(key, f"{name} {{}}").format(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        value = filter(None, (_said(key, one) for key, one in value.items()))
    elif not isinstance(value, list):
        return str(value)
    text = ", ".join(map(_plain, value)) or "none"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
