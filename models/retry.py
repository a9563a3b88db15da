"""Decides if and when a failed attempt is retried."""

from collections.abc import Callable

from models.spec import Backoff, RetrySpec
from models.states import AttemptState


def delay_before(retry: RetrySpec, used: int, random: Callable[[], float]) -> float:
    """Returns the seconds to wait after `used` attempts; jitter subtracts up to half of them."""
    factor = {
        Backoff.CONSTANT: 1.0,
        Backoff.LINEAR: float(used),
        Backoff.EXPONENTIAL: 2.0 ** min(used - 1, 60),
    }[retry.backoff]
    delay = retry.delay * factor
    if retry.max_delay is not None:
        delay = min(delay, retry.max_delay)
    return delay * (1 - random() / 2) if retry.jitter else delay


def may_retry(retry: RetrySpec | None, end: AttemptState, used: int) -> bool:
    return retry is not None and used < retry.max_attempts and end.value in retry.on
