"""Fills a database with complete executions: every field of every list has a value to read."""

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

from models.access.viewer import Scope
from models.events.events import CommandOrigin
from models.ids import new_id
from models.spec import parse_flow
from models.states import Channel
from runner.launch.launch import Launch, prepare
from runner.store.flows.flows import save_flow
from tests.schema.test_bulk import Asker

FLOW: Final = """
id: f{number}
namespace: mine.n{number}
inputs: [{{id: day, type: STRING, default: x}}]
concurrency: {{limit: 1, behavior: QUEUE}}
triggers: [{{id: nightly, type: schedule, cron: "0 0 1 1 *"}}]
tasks:
  - {{id: a, type: log, message: a}}
  - {{id: ask, type: approval, message: sure, needs: [a], groups: [{{name: g, users: [ada, eve]}}]}}
  - {{id: sub, type: subflow, flow: f{next}, namespace: mine.n{next}, needs: [ask]}}
"""
_NAME: Final = re.compile(r"(?<!:):([a-z]+)\b")
_STATEMENTS: Final = Path(__file__).with_suffix(".sql").read_text().split(";\n")[:-1]


async def fill(asker: Asker, numbers: Iterable[int]) -> list[UUID]:
    """Creates failed executions, one for each number, in flows of their own; returns their ids."""
    numbers = list(numbers)
    async with asker.pool.acquire() as connection:
        for number in numbers:
            source = FLOW.format(number=number, next=number + 1)
            await save_flow(
                connection,
                parse_flow(source),
                source,
                "user:ada",
                CommandOrigin("user:ada", Channel.API),
            )
    made = await asyncio.gather(*(_create(asker, number) for number in numbers for _ in range(4)))
    found = []
    for place, number in enumerate(numbers):
        old, id, new, recorded = made[4 * place : 4 * place + 4]
        await _furnish(asker, number, old=old, id=id, new=new, recorded=recorded)
        found.append(id)
    return found


async def _create(asker: Asker, number: int) -> UUID:
    parts = asker.parts
    launch = Launch(namespace=f"mine.n{number}", flow=f"f{number}")
    command = await prepare(
        asker.pool, parts.engine.plans, parts.evaluator, Scope(), launch, parts.vault
    )
    return (await parts.engine.create(command, CommandOrigin("user:ada", Channel.API))).execution.id


async def _furnish(asker: Asker, number: int, **ids: UUID) -> None:
    ids |= {"approval": new_id(), "artifact": new_id()}
    values = {name: f"'{id}'::uuid" for name, id in ids.items()} | {"number": str(number)}
    for statement in _STATEMENTS:
        await asker.pool.execute(_NAME.sub(lambda found: values.get(found[1], found[0]), statement))
