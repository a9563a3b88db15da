"""Users with small requests go before users with large ones."""

import asyncio
import gc
from collections.abc import Coroutine
from time import thread_time
from typing import Any

import pytest

from server.graphql import precedence as precedence_module
from server.graphql.precedence import CREDIT, Operation, Precedence


@pytest.fixture(autouse=True)
def own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts the time of this process alone: other processes of a busy machine would use up the credit of the test's
    users."""
    monkeypatch.setattr(precedence_module, "perf_counter", thread_time)


def keep_busy(seconds: float) -> None:
    until = thread_time() + seconds
    while thread_time() < until:
        pass


async def steps(count: int, seconds: float, made: list[str], name: str) -> str:
    for _ in range(count):
        keep_busy(seconds)
        made.append(name)
        await asyncio.sleep(0)
    return name


async def run(
    precedence: Precedence, actor: str, made: list[str], count: int = 10, seconds: float = 0.0001
) -> str:
    with precedence.operation(actor) as operation:
        return await operation.stepwise(steps(count, seconds, made, actor))


async def test_a_user_with_small_requests_goes_before_one_with_large_requests() -> None:
    precedence, made = Precedence(), list[str]()
    much = [asyncio.create_task(run(precedence, "much", made, 10, CREDIT / 4)) for _ in range(8)]
    while made.count("much") < 16:
        await asyncio.sleep(0)
    before = len(made)
    await run(precedence, "little", made)
    between = made[before : len(made) - made[::-1].index("little")]
    # Each of the eight would otherwise make a step between two of the other's.
    assert between.count("much") <= 10
    assert await asyncio.gather(*much) == ["much"] * 8


async def test_short_operations_count_together() -> None:
    precedence, made = Precedence(), list[str]()
    for _ in range(6):
        await run(precedence, "much", made, 1, CREDIT / 4)
    with precedence.operation("much") as next_one, precedence.operation("little") as other:
        assert next_one.waits
        assert not other.waits


async def test_credit_comes_back() -> None:
    precedence, made = Precedence(), list[str]()
    await run(precedence, "much", made, 1, CREDIT * 1.05)
    with precedence.operation("much") as operation:
        assert operation.waits
        async with asyncio.timeout(20):
            while operation.waits:
                await asyncio.sleep(0)


async def test_a_user_without_credit_progresses_while_others_arrive() -> None:
    precedence, made = Precedence(), list[str]()
    much = asyncio.create_task(run(precedence, "much", made, 20, CREDIT / 4))
    others = 0
    while not much.done():
        others += 1
        await run(precedence, f"other {others}", made)
    assert others > 1
    assert await much == "much"


async def test_an_operation_that_waits_for_long_loses_its_precedence() -> None:
    precedence, made = Precedence(), list[str]()
    with precedence.operation("waits") as waits:
        assert waits in precedence._ahead
        while waits in precedence._ahead:
            await asyncio.sleep(0)
        assert await run(precedence, "much", made, 30, CREDIT / 20) == "much"
        assert not waits.waits


async def test_parts_of_one_operation_make_their_steps_together() -> None:
    """Lets loaders load for all of them at once."""
    operation, rounds = await an_operation(waits=True), list[int]()
    loop = asyncio.get_running_loop()
    ready = 0

    def count() -> None:
        nonlocal ready
        rounds.append(ready)
        ready = 0

    async def part() -> None:
        nonlocal ready
        if not ready:
            loop.call_soon(count)
        ready += 1

    await asyncio.gather(*(operation.stepwise(part()) for _ in range(250)))
    await asyncio.sleep(0)
    assert sum(rounds) == 250
    assert len(rounds) <= 5


async def test_mutations_take_precedence_until_their_user_is_far_in_debt() -> None:
    precedence, made = Precedence(), list[str]()
    await run(precedence, "much", made, 1, CREDIT * 2)
    with precedence.operation("much", anew=True) as mutation:
        assert not mutation.waits
        await mutation.stepwise(steps(1, CREDIT * 1.1, made, "mutation"))
        assert mutation.waits, "a mutation may not take long either"
    while True:
        with precedence.operation("much", anew=True) as mutation:
            if mutation.waits:
                break
            await mutation.stepwise(steps(1, CREDIT, made, "mutation"))
    assert made.count("mutation") >= 8


async def test_users_without_credit_take_turns_whatever_their_request_counts() -> None:
    precedence, made = Precedence(), list[str]()
    for actor in "ab":
        await run(precedence, actor, made, 1, CREDIT * 2)
    made.clear()
    await asyncio.gather(
        *(run(precedence, "a", made, 6) for _ in range(5)), run(precedence, "b", made, 6)
    )
    # One after the other, its last step would be among the last of all 36.
    assert len(made) - made[::-1].index("b") <= 20


class Wrong(Exception):
    pass


async def an_operation(*, waits: bool) -> Operation:
    precedence = Precedence()
    with precedence.operation("somebody") as operation:
        if waits:
            await operation.stepwise(steps(1, CREDIT * 2, [], "long"))
    assert operation.waits is waits
    return operation


@pytest.mark.parametrize("waits", [False, True])
async def test_errors_come_through(waits: bool) -> None:
    operation = await an_operation(waits=waits)

    async def fails() -> None:
        await asyncio.sleep(0)
        raise Wrong

    with pytest.raises(Wrong):
        await operation.stepwise(fails())


@pytest.mark.parametrize("waits", [False, True])
async def test_a_cancellation_reaches_the_work(waits: bool) -> None:
    operation = await an_operation(waits=waits)
    began, cleaned = asyncio.Event(), list[str]()

    async def hangs() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("cleaned")

    task = asyncio.ensure_future(operation.stepwise(hangs()))
    await began.wait()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert cleaned == ["cleaned"]


async def test_a_cancelled_operation_leaves_the_queue() -> None:
    operation = await an_operation(waits=True)
    task = asyncio.ensure_future(operation.stepwise(steps(1, 0, [], "never")))
    other = asyncio.ensure_future(operation.stepwise(steps(1, 0, [], "other")))
    await asyncio.sleep(0)
    task.cancel()
    assert await other == "other"
    assert task.cancelled() or ((await asyncio.wait({task})) and task.cancelled())


async def test_a_part_that_is_never_begun_is_closed_without_a_word() -> None:
    """Warnings are errors here: `coroutine was never awaited` would be one."""
    operation = await an_operation(waits=False)

    async def outer(inner: Coroutine[Any, Any, str]) -> str:
        return await inner

    for end in ("forgotten", "closed", "cancelled"):
        part = operation.stepwise(outer(steps(1, 0, [], end)))
        if end == "closed":
            part.close()
        elif end == "cancelled":
            task = asyncio.ensure_future(part)
            task.cancel()
            await asyncio.wait({task})
        del part
    gc.collect()


async def test_parts_within_a_part_are_measured_once() -> None:
    operation = await an_operation(waits=False)

    async def outer() -> str:
        return await operation.stepwise(steps(1, CREDIT * 0.75, [], "inner"))

    assert await operation.stepwise(outer()) == "inner"
    assert not operation.waits


async def test_parts_with_long_steps_do_not_make_them_in_one_round() -> None:
    """Has a hundred steps of 5 ms each: the event loop has a round after each of them."""
    precedence, made = Precedence(), list[str]()
    rounds = 0

    async def count_rounds() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    await run(precedence, "much", made, 1, CREDIT * 2)
    counting = asyncio.create_task(count_rounds())
    with precedence.operation("much") as operation:
        assert operation.waits
        parts = [operation.stepwise(steps(1, 0.006, made, "much")) for _ in range(100)]
        before = rounds
        await asyncio.gather(*parts)
    counting.cancel()
    assert rounds - before >= 100


async def test_a_debt_is_forgiven_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(precedence_module, "perf_counter", lambda: now[0])
    with Precedence().operation("much") as operation:
        operation._account.charge(600)
        now[0] += 40
        assert operation.waits
        now[0] += 20
        assert not operation.waits
