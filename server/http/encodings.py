"""Chooses a content coding that a client accepts (RFC 9110)."""

from collections.abc import Sequence


def preferred(header: str, offered: Sequence[str]) -> str | None:
    """Returns the first offered coding that `Accept-Encoding` accepts; None for no coding."""
    taken = {}
    for item in header.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        taken[coding] = not any(_is_none(parameter) for parameter in parameters)
    return next((coding for coding in offered if taken.get(coding, taken.get("*", False))), None)


def _is_none(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and not value.strip().strip("0.")
