"""Expressions that people evaluate for debugging take turns by person, however many one person sends."""

import asyncio

from runner.history.expression_debugger import Debugger


async def test_nobody_waits_for_all_expressions_of_another_person() -> None:
    done: list[str] = []

    async def try_one(actor: str) -> None:
        tried = await debugger.evaluate("1 + 1", {}, actor)
        assert tried.value == 2
        done.append(actor)

    async with Debugger() as debugger, asyncio.TaskGroup() as group:
        for actor in ("user:ana", "user:ana", "user:ana", "user:ana", "user:maria"):
            group.create_task(try_one(actor))
    assert done == ["user:ana", "user:maria", "user:ana", "user:ana", "user:ana"]
