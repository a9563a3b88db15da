"""Summarises the data of an audit entry: what was denied, which role was granted, who was disabled."""

import re
from collections.abc import Mapping
from typing import Any, Final

_LONGEST: Final = 60
"""Maximum characters of a list or nested data; `headway audit --json` prints everything."""
_PHRASES: Final[Mapping[str, str]] = {
    "what": "{}", "state": "{}", "role": "{}", "times": "{} times", "holder": "of {}", "principal": "of {}",
    "namespace": "in {}", "namespaces": "in {}", "expiresAt": "until {}", "method": "by {}",
}  # fmt: skip
"""Phrases of keys that are clear without their name; other values follow the name of their key."""
_EITHER: Final = {"disabled": ("disabled", "enabled"), "claimed": ("took over the name", "new")}
_PREPOSITIONS: Final = ("in ", "of ", "until ", "by ")
"""Phrases with these beginnings follow without a comma."""


def audit_text(entry: Mapping[str, Any]) -> str:
    data = dict(entry["data"] or {})
    if "holder" in data:
        data.pop("principal", None)  # the id of the holder
    if data.get("times") == 1:
        del data["times"]
    if entry["namespace"]:
        data.setdefault("namespace", entry["namespace"])
    text = ""
    for key, value in data.items():
        if words := _phrase(key, value):
            joint = " " if words.startswith(_PREPOSITIONS) else ", "
            text += f"{joint if text else ''}{words}"
    return text


def _phrase(key: str, value: Any) -> str:
    """Returns an empty text for None."""
    name = re.sub("(?<=[a-z])(?=[A-Z])", " ", key).lower()
    if value is None:
        return ""
    if isinstance(value, bool):
        either = _EITHER.get(key, (name, f"not {name}"))
        return either[0] if value else either[1]
    return _PHRASES.get(key, f"{name} {{}}").format(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        value = filter(None, (_phrase(key, one) for key, one in value.items()))
    elif not isinstance(value, list):
        return str(value)
    text = ", ".join(map(_plain, value)) or "none"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
