"""Rates in memory: each kind has its limit, and neither memory nor the cost of a hit grows with the number of
clients."""

import cProfile
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.http import rates
from server.http.addresses import network_of
from server.http.rates import Allowed, Rate, Rates, TooMany

SECONDS = 60


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[float]]:
    """The clock that the rates and the library read; at first soon after the beginning of a window."""
    now = [1_800_000_000.25]
    monkeypatch.setattr(rates, "time", lambda: now[0])
    monkeypatch.setattr("limits.aio.storage.memory.time.time", lambda: now[0])
    yield now


async def _room(rates: Rates, rate: Rate, who: str) -> int:
    for room in range(100):
        try:
            await rates.check(rate, who)
        except TooMany:
            return room
    pytest.fail("there is no limit")


@pytest.mark.parametrize("rate", Rate)
async def test_each_rate_is_counted_by_itself_until_its_windows_are_over(
    rate: Rate, clock: list[float]
) -> None:
    counted = Rates({one: Allowed(3, SECONDS) for one in Rate})
    assert await _room(counted, rate, "user:a") == 3
    assert await _room(counted, rate, "user:b") == 3
    for other in set(Rate) - {rate}:
        assert await counted.left(other, "user:a") == 3
    with pytest.raises(TooMany) as refused:
        await counted.check(rate, "user:a")
    assert 1 <= refused.value.retry_after <= SECONDS
    clock[0] += 2 * SECONDS
    assert await _room(counted, rate, "user:a") == 3


async def test_the_wait_that_a_refusal_names_is_enough(clock: list[float]) -> None:
    counted = Rates({Rate.UPLOADS: Allowed(3, SECONDS)})
    for elapsed in (0, 7.5, 59, 59.75):
        clock[0] += elapsed
        await _room(counted, Rate.UPLOADS, "user:a")
        with pytest.raises(TooMany) as refused:
            await counted.check(Rate.UPLOADS, "user:a")
        clock[0] += refused.value.retry_after
        await counted.check(Rate.UPLOADS, "user:a")


async def test_windows_that_are_over_are_deleted(clock: list[float]) -> None:
    counted = Rates({Rate.FAILED_LOGINS: Allowed(3, SECONDS)})
    for number in range(2_000):
        await counted.check(Rate.FAILED_LOGINS, str(number))
    assert len(_memory(counted).storage) == 2_000
    clock[0] += 2 * SECONDS
    await counted.check(Rate.FAILED_LOGINS, "one more")
    assert len(_memory(counted).storage) == len(_memory(counted).expirations) == 1


async def test_windows_have_a_greatest_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_KEYS", 100)
    counted = Rates({Rate.FAILED_LOGINS: Allowed(3, SECONDS)})
    for number in range(1_000):
        await counted.check(Rate.FAILED_LOGINS, str(number))
    assert len(_memory(counted).storage) == len(_memory(counted).expirations) == 100
    assert await _room(counted, Rate.FAILED_LOGINS, "999") == 2, "the newest are counted"


@pytest.mark.parametrize("known", [10, 10_000])
async def test_a_hit_costs_the_same_however_many_are_known(known: int) -> None:
    counted = Rates({Rate.OPERATIONS: Allowed(1_000, SECONDS)})
    for number in range(known):
        await counted.check(Rate.OPERATIONS, str(number))
    profile = cProfile.Profile()
    with profile:
        for _ in range(100):
            await counted.check(Rate.OPERATIONS, "1")
    assert sum(int(entry.callcount) for entry in profile.getstats()) < 100 * 100


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert network_of(address) == network


def _memory(counted: Rates) -> Any:
    (windows,) = counted._windows.values()
    return windows.storage
