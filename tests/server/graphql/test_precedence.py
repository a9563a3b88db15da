"""Those who ask for little go before those who ask for much."""

import asyncio
import gc
from time import perf_counter

import pytest

from server.graphql.precedence import CREDIT, Operation, Precedence


def keep_busy(seconds: float) -> None:
    until = perf_counter() + seconds
    while perf_counter() < until:
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


async def test_one_who_asks_for_little_passes_one_who_asks_for_much() -> None:
    precedence, made = Precedence(), list[str]()
    much = [asyncio.create_task(run(precedence, "much", made, 40, CREDIT / 4)) for _ in range(8)]
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


async def test_one_without_credit_goes_on_while_others_come_all_the_time() -> None:
    precedence, made = Precedence(), list[str]()
    much = asyncio.create_task(run(precedence, "much", made, 20, CREDIT / 4))
    others = 0
    while not much.done():
        others += 1
        await run(precedence, f"other {others}", made)
    assert others > 1
    assert await much == "much"


async def test_one_that_waits_for_something_for_long_is_let_pass_no_more() -> None:
    precedence, made = Precedence(), list[str]()
    with precedence.operation("waits") as waits:
        precedence.let_pass(waits)
        began = perf_counter()
        assert await run(precedence, "much", made, 8, CREDIT / 4) == "much"
        assert perf_counter() - began < 20 * CREDIT


async def test_users_without_credit_take_turns_however_much_each_asks() -> None:
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


async def test_one_that_is_cancelled_in_the_line_leaves_it() -> None:
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
    for end in ("forgotten", "closed", "cancelled"):
        part = operation.stepwise(steps(1, 0, [], end))
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
