"""Waits and retries while the server limits requests: a refused request had no effect, so it can be sent again."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer

MAX_WAIT: Final = 120
"""Seconds that one request waits in total: more than twice the longest window of the server."""
_SOON: Final = 1


class RetryBudget:
    """The waiting time left for one request, over all its refusals."""

    def __init__(self) -> None:
        self._left = MAX_WAIT

    def wait_for(self, answer: Any) -> int | None:
        """Returns the seconds to wait before sending the request again, and prints that to stderr; None if the
        response is final."""
        if answer.status_code != 429:
            return None
        given = str(answer.headers.get("retry-after", ""))
        return self.wait(int(given) if given.isdigit() else _SOON, _message(answer))

    def wait(self, seconds: int, why: str) -> int | None:
        """Like `wait_for`, for a known refusal with its reason."""
        seconds = max(seconds, _SOON)
        if seconds > self._left:
            return None
        self._left -= seconds
        typer.echo(f"waiting {seconds} s: {why}", err=True)
        return seconds


class RateLimited(OSError):
    """A subscription that was refused by a rate limit."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.retry_after = int(error["extensions"].get("retryAfter") or _SOON)


def refused_for_now(errors: Sequence[Mapping[str, Any]]) -> RateLimited | None:
    for error in errors:
        if error.get("extensions", {}).get("code") == "TOO_MANY_REQUESTS":
            return RateLimited(error)
    return None


def _message(answer: Any) -> str:
    try:
        return str(answer.json()["errors"][0]["message"])
    except (ValueError, KeyError, TypeError, IndexError):
        return "the server limits requests"
