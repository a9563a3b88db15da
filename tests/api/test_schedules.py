"""Schedules through the API and the command line, and with servers that race and die."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.api.client import PROBLEM, Client
from tests.api.conftest import verify
from tests.api.servers import Served, serving, start
from tests.api.test_cli import headway

FLOW = """id: {id}
namespace: clock
inputs: [{{id: day, type: DATE, required: true}}]
tasks: [{{id: a, type: log, message: "{{{{ inputs.day }}}}"}}]
"""
TRIGGERS = """triggers:
  - {id: nightly, type: schedule, cron: "0 2 * * *", timezone: Europe/Paris, inputs: {day: "{{ trigger.date }}"}}
"""
SCHEDULE = """id key source cron timezone inputs labels { key value } catchUp enabled next nextTicks last lastError
  lastExecution { id state createdBy { kind name } } updatedBy { kind name } flow { key }"""
DAY = {"day": "{{ trigger.date }}"}
TICKS = "ticks { scheduledAt ranBefore execution { id inputs trigger createdBy { kind name } } }"


async def mutate(client: Client, name: str, **input: Any) -> dict[str, Any]:
    kind = name[0].upper() + name[1:] + "Input"
    ticks = TICKS if name == "backfillSchedule" else ""
    data = await client.post(
        f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ schedule {{ {SCHEDULE} }} {ticks} {PROBLEM} }} }}",
        input=input,
    )
    payload: dict[str, Any] = data[name]
    return payload


async def schedules(client: Client, flow: str) -> list[dict[str, Any]]:
    data = await client.post(
        f'query ($key: String!) {{ flow(namespace: "clock", key: $key) {{ schedules {{ {SCHEDULE} }} }} }}',
        key=flow,
    )
    found: list[dict[str, Any]] = data["flow"]["schedules"]
    return found


async def save(client: Client, flow: str, **input: Any) -> dict[str, Any]:
    given = {"key": "mine", "cron": "0 * * * *", "inputs": DAY, **input}
    return await mutate(client, "saveSchedule", namespace="clock", flow=flow, **given)


async def test_a_schedule_of_a_document_is_seen_disabled_and_enabled(client: Client) -> None:
    await client.save(FLOW.format(id="seen") + TRIGGERS)
    (found,) = await schedules(client, "seen")
    assert found["nextTicks"][0] == found["next"]
    assert len(found["nextTicks"]) == 5
    settings = {name: found[name] for name in ("key", "source", "cron", "timezone", "catchUp")}
    assert settings == {
        "key": "nightly", "source": "FLOW", "cron": "0 2 * * *", "timezone": "Europe/Paris", "catchUp": "NONE",
    }  # fmt: skip
    assert (found["inputs"], found["last"], found["lastExecution"]) == (DAY, None, None)
    assert found["updatedBy"] == {"kind": "USER", "name": "admin"}
    again = await client.post(
        f"query ($id: ID!) {{ node(id: $id) {{ ... on Schedule {{ {SCHEDULE} }} }} }}",
        id=found["id"],
    )
    assert again["node"] == found
    disabled = await mutate(client, "setScheduleEnabled", id=found["id"], enabled=False)
    assert (disabled["schedule"]["enabled"], disabled["schedule"]["next"]) == (False, None)
    enabled = await mutate(client, "setScheduleEnabled", id=found["id"], enabled=True)
    assert enabled["schedule"] == found


async def test_a_schedule_of_a_document_is_changed_and_removed_there(client: Client) -> None:
    await client.save(FLOW.format(id="owned") + TRIGGERS)
    before = await schedules(client, "owned")
    for name, input in (
        ("deleteSchedule", {"id": before[0]["id"]}),
        (
            "saveSchedule",
            {
                "namespace": "clock",
                "flow": "owned",
                "key": "nightly",
                "cron": "* * * * *",
                "inputs": DAY,
            },
        ),
    ):
        payload = await mutate(client, name, **input)
        assert payload["schedule"] is None
        (problem,) = payload["problems"]
        assert problem["code"] == "CONFLICT"
        assert "is declared in the flow's document" in problem["message"]
    assert await schedules(client, "owned") == before
    await client.save(FLOW.format(id="owned"))
    assert await schedules(client, "owned") == []


async def test_a_schedule_is_made_changed_listed_and_deleted(client: Client) -> None:
    await client.save(FLOW.format(id="made") + TRIGGERS)
    made = (await save(client, "made", labels=[{"key": "by", "value": "clock"}]))["schedule"]
    assert (made["source"], made["timezone"], made["enabled"]) == ("API", "UTC", True)
    assert made["labels"] == [{"key": "by", "value": "clock"}]
    changed = await save(client, "made", cron="0 4 * * *", catchUp="ALL", enabled=False)
    assert changed["schedule"]["id"] == made["id"]
    settings = [
        changed["schedule"][name] for name in ("cron", "catchUp", "enabled", "next", "labels")
    ]
    assert settings == ["0 4 * * *", "ALL", False, None, []]
    kept = await save(client, "made", cron="0 5 * * *")
    assert kept["schedule"]["enabled"] is False
    where = {"namespace": {"eq": "clock"}, "flow": {"eq": "made"}}
    query = """query ($where: ScheduleFilter, $after: String) { schedules(where: $where, first: 1, after: $after) {
      nodes { key } pageInfo { hasNextPage endCursor } totalCount { value exact } } }"""
    first = (await client.post(query, where=where))["schedules"]
    assert (first["nodes"], first["totalCount"]) == (
        [{"key": "nightly"}],
        {"value": 2, "exact": True},
    )
    after = first["pageInfo"]["endCursor"]
    second = (await client.post(query, where=where, after=after))["schedules"]
    assert (second["nodes"], second["pageInfo"]["hasNextPage"]) == ([{"key": "mine"}], False)
    on = (await client.post(query, where={**where, "enabled": True}))["schedules"]
    assert on["nodes"] == [{"key": "nightly"}]
    deleted = await mutate(client, "deleteSchedule", id=made["id"])
    assert deleted["schedule"]["key"] == "mine"
    assert [one["key"] for one in await schedules(client, "made")] == ["nightly"]
    assert (await mutate(client, "deleteSchedule", id=made["id"]))["problems"][0][
        "code"
    ] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("input", "path", "words"),
    [
        ({"cron": "61 * * * *"}, ["cron"], "Bad minute"),
        ({"cron": "0 2 * *"}, ["cron"], "has 5 fields"),
        ({"timezone": "Mars/Base"}, ["timezone"], "there is no time zone `Mars/Base`"),
        ({"key": "No Key"}, ["key"], "key: "),
        ({"inputs": [1]}, ["inputs"], "inputs must be an object of names and values"),
        ({"inputs": {}}, ["inputs", "day"], "the input `day` is required; give it a value"),
        ({"inputs": {**DAY, "dya": 1}}, ["inputs", "dya"], "there is no input `dya`"),
        ({"inputs": {"day": "soon"}}, ["inputs", "day"], "must be a date"),
        ({"inputs": {"day": "{{ trigger.dat }}"}}, ["inputs", "day"], "has no `dat`; did you mean"),
        ({"inputs": {"day": "{{ inputs.day }}"}}, ["inputs", "day"], "`inputs` is not a name"),
        ({"inputs": {"day": "{{ 1 + }}"}}, ["inputs", "day"], "cannot be read"),
        ({"labels": [{"key": "system.a", "value": "b"}]}, ["labels", "system.a"], "Headway only"),
        ({"flow": "nowhere"}, ["flow"], "no flow clock/nowhere"),
    ],
)
async def test_a_wrong_schedule_is_refused_and_nothing_is_stored(
    client: Client, input: dict[str, Any], path: list[str], words: str
) -> None:
    await client.save(FLOW.format(id="wrong"))
    given = {
        "namespace": "clock",
        "flow": "wrong",
        "key": "mine",
        "cron": "0 * * * *",
        "inputs": DAY,
    }
    payload = await mutate(client, "saveSchedule", **{**given, **input})
    assert payload["schedule"] is None
    assert payload["problems"][0]["path"] == path
    assert words in payload["problems"][0]["message"]
    assert await schedules(client, "wrong") == []


async def test_a_backfill_has_a_plan_and_runs_missing_occurrences_once(client: Client) -> None:
    await client.save(FLOW.format(id="filled") + TRIGGERS)
    (schedule,) = await schedules(client, "filled")
    span = {"id": schedule["id"], "from": "2026-03-27T00:00Z", "to": "2026-03-29T23:00Z"}
    planned = await mutate(client, "backfillSchedule", **span, plan=True)
    at = [f"2026-03-{day}:00:00.000000Z" for day in ("27T01", "28T01", "29T01")]
    assert [tick["scheduledAt"] for tick in planned["ticks"]] == at
    assert [tick["execution"] for tick in planned["ticks"]] == [None] * 3
    one = await mutate(client, "backfillSchedule", **{**span, "from": "2026-03-29T00:00Z"})
    assert [tick["scheduledAt"] for tick in one["ticks"]] == at[2:]
    ran = await mutate(client, "backfillSchedule", **span, reason="the source was late")
    assert [tick["ranBefore"] for tick in ran["ticks"]] == [False, False, True]
    assert ran["ticks"][2]["execution"] == one["ticks"][0]["execution"]
    days = ["2026-03-27", "2026-03-28", "2026-03-29"]
    assert [tick["execution"]["inputs"] for tick in ran["ticks"]] == [{"day": day} for day in days]
    first = ran["ticks"][0]["execution"]
    assert first["createdBy"] == {"kind": "SCHEDULE", "name": "nightly"}
    assert first["trigger"]["scheduledAt"] == "2026-03-27T01:00:00Z"
    created = await anext(client.events(first["id"]))
    assert created["reason"] == "backfilled by user:admin: the source was late"
    again = await mutate(client, "backfillSchedule", **span)
    assert [tick["ranBefore"] for tick in again["ticks"]] == [True] * 3
    ended = [await client.until_ended(tick["execution"]["id"]) for tick in again["ticks"]]
    assert [one["state"] for one in ended] == ["SUCCESS"] * 3
    (after,) = await schedules(client, "filled")
    assert after == schedule, "a backfill is not what the clock did"


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2026-03-02T00:00Z", "2026-03-01T00:00Z", "or after `to`"),
        ("0001-01-01T00:00Z", "2026-03-01T00:00Z", "before 1970"),
        ("2026-03-02T00:00Z", "9999-12-31T23:59:59Z", "must not be in the future"),
        ("2000-01-01T00:00Z", "2026-03-01T00:00Z", "more than 1000 occurrences"),
    ],
)
async def test_a_backfill_has_bounds(client: Client, since: str, until: str, words: str) -> None:
    await client.save(FLOW.format(id="bounded") + TRIGGERS)
    (schedule,) = await schedules(client, "bounded")
    payload = await mutate(
        client, "backfillSchedule", id=schedule["id"], **{"from": since, "to": until}
    )
    assert (payload["schedule"], payload["ticks"]) == (None, [])
    assert words in payload["problems"][0]["message"]


async def test_a_backfill_that_is_refused_starts_nothing(client: Client, served: Served) -> None:
    await client.save(FLOW.format(id="stopped") + TRIGGERS)
    (schedule,) = await schedules(client, "stopped")
    async with connected(served) as connection:
        await connection.execute("update flows set enabled = false where key = 'stopped'")
        span = {"from": "2026-03-01T00:00Z", "to": "2026-03-29T23:00Z"}
        payload = await mutate(client, "backfillSchedule", id=schedule["id"], **span)
        assert [problem["message"] for problem in payload["problems"]] == [
            "the flow clock/stopped is disabled; enable it first: `headway flows enable clock/stopped`"
        ]
        assert (
            await connection.fetchval("select count(*) from executions where flow_key = 'stopped'")
            == 0
        )


async def test_viewers_change_no_schedules(client: Client, served: Served, tmp_path: Path) -> None:
    await client.save(FLOW.format(id="guarded") + TRIGGERS)
    before = await schedules(client, "guarded")
    code, token, _ = await headway(
        served, "token", "create", f"looker-{tmp_path.name}", "--role", "viewer"
    )
    assert code == 0
    looker = Client(served.url, token.strip())
    assert await schedules(looker, "guarded") == before
    id = before[0]["id"]
    for name, input in (
        (
            "saveSchedule",
            {"namespace": "clock", "flow": "guarded", "key": "a", "cron": "* * * * *"},
        ),
        ("deleteSchedule", {"id": id}),
        ("setScheduleEnabled", {"id": id, "enabled": False}),
        ("backfillSchedule", {"id": id, "from": "2026-03-01T00:00Z", "to": "2026-03-02T00:00Z"}),
    ):
        payload = await mutate(looker, name, **input)
        assert [problem["code"] for problem in payload["problems"]] == ["FORBIDDEN"], name
    assert await schedules(client, "guarded") == before


async def test_the_command_line_lists_shows_pauses_resumes_and_backfills(
    client: Client, served: Served
) -> None:
    await client.save(FLOW.format(id="typed") + TRIGGERS)
    name = "clock/typed/nightly"
    _, listed, _ = await headway(served, "schedules", "list", "--flow", "clock/typed")
    assert listed.startswith(f"{name}  0 2 * * *  Europe/Paris  next 2")
    _, shown, _ = await headway(served, "schedules", "show", name)
    assert "declared  in the flow's document" in shown
    _, text, _ = await headway(served, "schedules", "show", name, "--json")
    assert json.loads(text)["key"] == "nightly"
    _, paused, _ = await headway(served, "schedules", "pause", name)
    assert paused == f"{name}  paused\n"
    _, resumed, _ = await headway(served, "schedules", "resume", name)
    assert resumed.startswith(f"{name}  next 2")
    span = ("2026-03-01T00:00Z", "2026-03-03T00:00Z")
    _, planned, _ = await headway(served, "schedules", "backfill", name, *span, "--plan")
    assert [line.split("  ")[1:] for line in planned.splitlines()] == [["would run"]] * 2
    _, ran, _ = await headway(served, "schedules", "backfill", name, *span)
    assert [line.split("  ")[1] for line in ran.splitlines()] == ["runs"] * 2
    _, again, _ = await headway(served, "schedules", "backfill", name, *span)
    assert again == ran.replace("runs", "ran before")
    code, _, errors = await headway(served, "schedules", "show", "clock/typed/none")
    assert (code, errors) == (
        1, "error: no schedule clock/typed/none; `headway schedules list` lists schedules\n",
    )  # fmt: skip
    days = ("2026-03-29", "2026-03-31")
    _, planned, _ = await headway(served, "schedules", "backfill", name, *days, "--plan")
    assert planned.splitlines() == [
        "2026-03-29 03:00:00 CEST  would run",
        "2026-03-30 02:00:00 CEST  would run",
        "2026-03-31 02:00:00 CEST  would run",
    ]
    today = f"{datetime.now(ZoneInfo('Europe/Paris')):%Y-%m-%d}"
    code, _, errors = await headway(served, "schedules", "backfill", name, today, today, "--plan")
    assert (code, errors) == (0, ""), "a day that is not over is taken until now"
    tomorrow = f"{datetime.now(ZoneInfo('Europe/Paris')) + timedelta(days=1):%Y-%m-%d}"
    code, _, errors = await headway(
        served, "schedules", "backfill", name, today, tomorrow, "--plan"
    )
    assert (code, "must not be in the future" in errors) == (1, True)
    code, _, errors = await headway(served, "schedules", "backfill", name, "soon", "later")
    assert (code, "is not a valid time" in errors) == (1, True)


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(served.database_url)
    try:
        yield connection
    finally:
        await connection.close()


MANY = (
    FLOW.format(id="raced")
    + "triggers:\n"
    + "".join(
        f"""  - {{id: s{number}, type: schedule, cron: "0 0 1 1 *", catch_up: all,
     inputs: {{day: "{{{{ trigger.date }}}}"}}}}
"""
        for number in range(20)
    )
)
PAST = "update schedules set next_at = '2020-01-01T00:00Z', claimed_until = null"


async def settled(connection: Any) -> None:
    """Waits until no tick is due."""
    async with asyncio.timeout(40):
        while await connection.fetchval(
            "select exists (select from schedules where next_at < now())"
        ):
            await asyncio.sleep(0)


async def ticks_of(connection: Any) -> dict[str, int]:
    rows = await connection.fetch(
        "select trigger ->> 'key' || ' ' || (trigger ->> 'date') as tick, count(*) as n from executions group by tick"
    )
    return {row["tick"]: row["n"] for row in rows}


YEARS = range(2020, 2027)
EXPECTED = {f"s{number} {year}-01-01": 1 for number in range(20) for year in YEARS}


async def test_two_servers_of_one_database_run_each_missed_tick_once(
    empty_database_url: str, tmp_path: Path
) -> None:
    option = ("--database-url", empty_database_url, "--no-worker")
    with serving(tmp_path / "one", *option) as one, serving(tmp_path / "two", *option) as two:
        await two.client.save(MANY)  # the admin's token belongs to the server that started last
        async with connected(one) as connection:
            await connection.execute(PAST)
            await settled(connection)
            assert {tick: n for tick, n in (await ticks_of(connection)).items() if n > 1} == {}
            assert (await ticks_of(connection)).keys() >= EXPECTED.keys()
        await verify(one.database_url)


async def test_a_server_that_is_killed_while_it_catches_up_leaves_nothing_undone_or_twice(
    empty_database_url: str, tmp_path: Path
) -> None:
    option = ("--database-url", empty_database_url, "--no-worker")
    served = start(tmp_path / "one", *option)
    await served.client.save(MANY)
    async with connected(served) as connection:
        await connection.execute(PAST)
        async with asyncio.timeout(30):
            while not await connection.fetchval("select count(*) from executions"):
                await asyncio.sleep(0)
        served.kill()
        await connection.execute("update schedules set claimed_until = null")
        with serving(tmp_path / "two", *option) as other:
            await settled(connection)
            found = await ticks_of(connection)
            assert {tick: n for tick, n in found.items() if n > 1} == {}
            assert found.keys() >= EXPECTED.keys()
            await verify(other.database_url)
