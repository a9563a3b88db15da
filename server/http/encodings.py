"""Which of several codings a client takes, after RFC 9110."""

from collections.abc import Sequence


def preferred(header: str, offered: Sequence[str]) -> str | None:
    """The first of those offered that `Accept-Encoding` takes; None: send it as it is."""
    taken = {}
    for item in header.lower().split(","):
        coding, *parameters = (part.strip() for part in item.split(";"))
        taken[coding] = not any(_is_none(parameter) for parameter in parameters)
    return next((coding for coding in offered if taken.get(coding, taken.get("*", False))), None)


def _is_none(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and not value.strip().strip("0.")
