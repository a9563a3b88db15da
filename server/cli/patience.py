"""Waiting where the server refuses for now. It has done nothing of what it was asked, so it may be asked again."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

LONGEST: Final = 120
"""Seconds that one question waits at most, all in all: no window of the server is longer than half of it."""
_SOON: Final = 1


class Patience:
    """That of one question: of several refusals together it waits no longer than `LONGEST`."""

    def __init__(self) -> None:
        self._left = LONGEST

    def wait_for(self, answer: Any) -> int | None:
        """The seconds to wait after an HTTP answer before the same is asked again; None where it is to be taken as it
        stands. Says on stderr that it waits."""
        if answer.status_code != 429:
            return None
        given = str(answer.headers.get("retry-after", ""))
        return self.wait(int(given) if given.isdigit() else _SOON, _message(answer))

    def wait(self, seconds: int, why: str) -> int | None:
        """`wait_for` where it is known that the server refuses, and why."""
        seconds = max(seconds, _SOON)
        if seconds > self._left:
            return None
        self._left -= seconds
        typer.echo(f"waiting {seconds} s: {why}", err=True)
        return seconds


class Slowed(OSError):
    """A subscription that was refused for now."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.retry_after = int(error["extensions"].get("retryAfter") or _SOON)


def refused_for_now(errors: Sequence[Mapping[str, Any]]) -> Slowed | None:
    for error in errors:
        if error.get("extensions", {}).get("code") == "TOO_MANY_REQUESTS":
            return Slowed(error)
    return None


def _message(answer: Any) -> str:
    try:
        return str(answer.json()["errors"][0]["message"])
    except (ValueError, KeyError, TypeError, IndexError):
        return "the server refuses requests for now"
