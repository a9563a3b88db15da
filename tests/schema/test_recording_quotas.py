"""Recorded data is limited by the quotas of recorder and team, counted correctly by several processes, and at low
cost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from models.ids import untyped
from runner.engine.quotas import Quotas, RecordedBytes, exceeded, team_of
from runner.store import quotas
from runner.store.quotas import Quota
from server.process.runtime import runtime
from tests.schema.test_bulk import Asker
from tests.schema.test_recorders import BEGIN, REPORTS, stored

FEW = Quotas(open_recordings=3, recorded_by_person=10_000, recorded_in_namespace=15_000)
TODAY = date(2026, 1, 1)


class Recorder(Asker):
    async def begin(self, namespace: str = "mine.ml", **who: Any) -> Any:
        input = {"namespace": namespace, "pipeline": "p", **who.pop("input", {})}
        return (await self.post(BEGIN, input=input, **who))["recordExecution"]

    async def report(self, name: str, id: str, /, who: Any = None, **input: Any) -> list[Any]:
        kind = f"{name[0].upper()}{name[1:]}Input"
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ problems {{ code message }} }} }}"
        data = await self.post(query, input={"executionId": id, **input}, **(who or {}))
        problems: list[Any] = data[name]["problems"]
        return problems


@pytest.fixture
async def both(database_url: str) -> AsyncIterator[list[Recorder]]:
    """Two processes on one database, with separate state."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            parts = await stack.enter_async_context(runtime(database_url, quotas=FEW))
            recorder = Recorder(parts)
            recorder.services = replace(recorder.services, recorded_bytes=RecordedBytes(FEW))
            made.append(recorder)
        yield made


async def open_of(recorder: Recorder, actor: str = "user:ada") -> int:
    query = "select used from quota_use where quota = 'open_recordings_per_person' and owner = $1"
    return await recorder.pool.fetchval(query, actor) or 0


async def test_the_quota_of_open_recordings(both: list[Recorder]) -> None:
    one, _ = both
    begun = [await one.begin() for _ in range(3)]
    before = await stored(one)
    refused = await one.begin(input={"idempotencyKey": "k"})
    (problem,) = refused["problems"]
    assert problem["code"] == "QUOTA_EXCEEDED"
    assert problem["message"] == (
        "user:ada has 3 external runs that have not ended; the limit is 3 (the setting open_recordings_per_person); "
        "end some with finishExecution, or give them a heartbeatTtl so that silent ones end"
    )
    assert refused["execution"] is None
    assert await stored(one) == before
    assert (await one.begin(actor="token:other"))["problems"] == []
    assert await one.report("finishExecution", begun[0]["execution"]["id"], state="SUCCESS") == []
    again = await one.begin(input={"idempotencyKey": "k"})
    assert again["problems"] == []
    repeated = await one.begin(input={"idempotencyKey": "k"})
    assert repeated["execution"] == again["execution"]


async def test_several_processes_at_once_begin_no_more_than_that(both: list[Recorder]) -> None:
    answers = await asyncio.gather(*(both[n % 2].begin() for n in range(24)))
    begun = [one["execution"]["id"] for one in answers if not one["problems"]]
    assert len(begun) == await open_of(both[0]) == 3
    ends = (both[n % 2].report("finishExecution", id, state="FAILED") for n, id in enumerate(begun))
    assert await asyncio.gather(*ends) == [[], [], []]
    assert await open_of(both[0]) == 0
    answers = await asyncio.gather(*(both[n % 2].begin() for n in range(9)))
    assert sum(not one["problems"] for one in answers) == 3


async def test_every_way_to_its_end_makes_room(both: list[Recorder]) -> None:
    one, _ = both
    waiting = (await one.begin(input={"started": False}))["execution"]["id"]
    silent = (await one.begin(input={"heartbeatTtl": 8}))["execution"]["id"]
    ended = (await one.begin())["execution"]["id"]
    assert await open_of(one) == 3
    cancel = "mutation ($input: CancelExecutionInput!) { cancelExecution(input: $input) { problems { code } } }"
    answer = await one.post(cancel, input={"id": waiting})
    assert answer["cancelExecution"]["problems"] == []
    assert await one.report("finishExecution", ended, state="SUCCESS") == []
    assert await one.report("finishExecution", ended, state="SUCCESS") == []
    delete = "mutation ($input: DeleteExecutionsInput!) { deleteExecutions(input: $input) { problems { code } } }"
    answer = await one.post(delete, input={"ids": [ended]})
    assert answer["deleteExecutions"]["problems"] == []
    async with asyncio.timeout(30):
        with one.parts.feed.watch(f"e:{untyped('exec', silent)}") as watch:
            while await open_of(one):
                await watch.changed()


@pytest.mark.parametrize("name", sorted(REPORTS.keys() - {"heartbeat", "finishExecution"}))
async def test_the_daily_quota_of_recorded_bytes(both: list[Recorder], name: str) -> None:
    one, other = both
    id = (await one.begin())["execution"]["id"]
    inputs: dict[str, dict[str, Any]] = {
        "recordTaskRun": {"key": "fit", "outputs": {"a": "x" * 4000}},
        "recordProperties": {"properties": {"a": "x" * 4000}},
        "recordMetrics": {"metrics": [{"name": "loss", "value": 1, "tags": {"a": "x" * 4000}}]},
        "recordLogs": {"lines": [{"text": "x" * 4000}]},
        "recordArtifacts": {"artifacts": [{"uri": "s3://b/" + "x" * 4000, "name": "a", "direction": "OUT"}]},
    }  # fmt: skip
    many = inputs[name]
    assert await one.report(name, id, **many) == []
    assert await other.report(name, id, **many) == []
    before = await stored(one)
    for process in both:
        (problem,) = await process.report(name, id, **many)
        assert problem["code"] == "QUOTA_EXCEEDED"
        assert problem["message"].startswith("user:ada has recorded ")
        assert "of 10000 bytes today" in problem["message"]
        assert (
            "(the setting recorded_bytes_per_person); record less, or continue after midnight"
            in problem["message"]
        )
        assert await stored(one) == before
    large = {"outputs": {"a": "x" * 4000}}
    (problem,) = await one.report("finishExecution", id, state="SUCCESS", **large)
    assert problem["code"] == "QUOTA_EXCEEDED"
    assert await one.report("finishExecution", id, state="SUCCESS") == []


async def test_the_recording_quota_of_a_team_counts_all_users_and_namespaces(
    both: list[Recorder],
) -> None:
    one, other = both
    codes = []
    for n, process in enumerate((one, other, one, other)):
        who = {"actor": f"token:{n}"}
        namespace = f"mine.new{n}"
        payload = await process.begin(namespace, input={"properties": {"a": "x" * 4500}}, **who)
        codes += [problem["message"].partition(" (")[0] for problem in payload["problems"]]
    (message,) = codes
    assert message.startswith("in mine ")
    assert "of 15000 bytes were recorded today" in message


async def test_refused_reports_are_not_counted(both: list[Recorder]) -> None:
    one, _ = both
    id = (await one.begin())["execution"]["id"]
    for _ in range(20):
        (problem,) = await one.report(
            "recordMetrics", id, metrics=[{"name": "", "value": 1, "tags": {"a": "x" * 4000}}]
        )
        assert problem["code"] == "VALIDATION"
    assert await one.report("recordProperties", id, properties={"a": "x" * 4000}) == []


async def test_properties_of_an_execution_keep_to_the_limit_together(asker: Recorder) -> None:
    id = (await asker.begin())["execution"]["id"]
    for name in "ab":
        assert await asker.report("recordProperties", id, properties={name: "x" * 500_000}) == []
    before = await stored(asker)
    (problem,) = await asker.report("recordProperties", id, properties={"c": "x" * 500_000})
    assert problem["code"] == "PAYLOAD_TOO_LARGE"
    assert await stored(asker) == before
    assert await asker.report("recordProperties", id, properties={"b": 1, "c": 1}) == []


@pytest.fixture
async def asker(database_url: str) -> AsyncIterator[Recorder]:
    async with runtime(database_url) as parts:
        yield Recorder(parts)


async def test_ten_thousand_small_writes_take_a_few_lumps(asker: Recorder) -> None:
    """The quota is reserved once for each megabyte, not for each write."""
    taken = []

    class Counted(RecordedBytes):
        async def _reserve(self, *arguments: Any) -> int:
            taken.append(await super()._reserve(*arguments))
            return taken[-1]

    counted = Counted(Quotas(), lambda: TODAY)
    inputs = {"name": "loss", "value": 0.5, "step": 1}

    async def write(n: int) -> None:
        async with counted.spent(asker.pool, f"token:{n % 4}", f"team{n % 2}.a", inputs):
            pass

    await asyncio.gather(*(write(n) for n in range(10_000)))
    assert taken == [1024 * 1024] * 6
    rows = await asker.pool.fetch("select quota, owner, used from quota_use where used > 0")
    assert len(rows) == 6


async def test_a_new_day_resets_the_quota_and_old_days_are_deleted(asker: Recorder) -> None:
    days = [date(2026, 1, 1)]
    counted = RecordedBytes(FEW, lambda: days[-1])
    async with counted.spent(asker.pool, "user:ada", "mine", "x" * 6000):
        pass
    await asker.pool.execute("update quota_use set day = day - 3")
    days.append(date(2026, 1, 4))
    async with counted.spent(asker.pool, "user:ada", "mine", "x" * 6000):
        pass
    async with asker.pool.acquire() as connection:
        await quotas.delete_old(connection)
    rows = await asker.pool.fetch("select quota, owner from quota_use")
    assert {tuple(row) for row in rows} == {
        (Quota.RECORDED_IN_NAMESPACE, "mine"),
        (Quota.RECORDED_BY_PERSON, "user:ada"),
    }


def test_a_team_is_the_first_part() -> None:
    assert [team_of(name) for name in ("a", "a.b", "a.b.c")] == ["a"] * 3


def test_each_quota_has_a_limit_and_words() -> None:
    for quota in Quota:
        limit = Quotas().limit(quota)
        (problem,) = exceeded(quota, "user:ada", 5, 3, limit).problems
        assert quota.value in problem.message
        assert str(limit) in problem.message
        assert "5 " in problem.message
