"""A log around a line, by stream, by text, and counted: through the API and as a download."""

from typing import Any

import httpx
import pytest

from tests.api.client import Client, task
from tests.api.servers import Served

FLOW = """id: reading
namespace: logs
tasks:
  - id: a
    type: shell
    run: |
      seq -f 'line %g' 1 1200
      printf '\\033[31mFai\\033[0mled of old\\n'
  - {id: w, type: shell, needs: [a], run: ">&2 echo 'warned: Größe'"}
  - {id: b, type: log, needs: [w], level: ERROR, message: "failed at last"}
"""
PAGE = """nodes { line text stream } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  totalCount { value exact }"""
LOGS = f"""query ($id: ID!, $first: Int, $around: Int, $stream: LogStream, $run: ID, $after: String) {{
  execution(id: $id) {{
    logs(first: $first, around: $around, stream: $stream, taskRunId: $run, after: $after) {{ {PAGE} }} }} }}"""
OF_TASK = f"""query ($id: ID!, $around: Int, $stream: LogStream) {{ execution(id: $id) {{
  task(key: "a") {{ logs(first: 4, around: $around, stream: $stream) {{ {PAGE} }} }} }} }}"""
MATCHES = """query ($id: ID!, $text: String, $run: ID, $attempt: Int, $level: LogLevel, $stream: LogStream,
    $first: Int, $after: Int) { execution(id: $id) {
  logMatches(text: $text, taskRunId: $run, attempt: $attempt, minLevel: $level, stream: $stream, first: $first,
    after: $after) { lines searchedTo complete } } }"""
COUNTS = """query ($id: ID!, $run: ID, $attempt: Int) { execution(id: $id) {
  logCounts(taskRunId: $run, attempt: $attempt) { level count { value exact } } } }"""
LIVE = """subscription ($id: ID!, $run: ID, $attempt: Int, $stream: LogStream) {
  logs(executionId: $id, taskRunId: $run, attempt: $attempt, stream: $stream) {
    lines { line } complete lineCount } }"""


FOREACH = """id: turns
namespace: logs
tasks:
  - {id: before, type: log, message: "before them"}
  - id: each
    type: foreach
    needs: [before]
    max_parallel: 1
    items: [eu, us]
    tasks:
      - {id: say, type: log, message: "region {{ item }}"}
      - id: inner
        type: foreach
        needs: [say]
        items: [1]
        tasks:
          - {id: deep, type: log, level: WARN, message: "deep within"}
  - {id: each_after, type: log, needs: [each], message: "after them"}
"""


async def test_a_foreach_has_the_lines_of_its_iterations(client: Client, served: Served) -> None:
    ended = await client.until_ended((await client.run(FOREACH))["id"])
    run = task(ended, "each")["id"]
    page = await logs(client, ended["id"], first=10, run=run)
    said = ["region eu", "deep within", "region us", "deep within"]
    assert [node["text"] for node in page["nodes"]] == said
    assert page["totalCount"] == {"value": 4, "exact": True}
    around = await logs(client, ended["id"], first=2, around=4, run=run)
    assert numbers(around) == [3, 4]
    inner = task(ended, "each[1].inner")["id"]
    assert numbers(await logs(client, ended["id"], run=inner)) == [5]
    plain = task(ended, "each_after")["id"]
    assert numbers(await logs(client, ended["id"], run=plain)) == [6]
    found = await client.post(MATCHES, id=ended["id"], text="REGION", run=run)
    assert found["execution"]["logMatches"] == {"lines": [2, 4], "searchedTo": 6, "complete": True}
    counts = (await client.post(COUNTS, id=ended["id"], run=run))["execution"]["logCounts"]
    assert [(one["level"], one["count"]["value"]) for one in counts] == [("INFO", 2), ("WARN", 2)]
    async with client.subscribe(LIVE, id=ended["id"], run=run) as messages:
        batches = [data["logs"] async for data in messages]
    assert [line["line"] for batch in batches for line in batch["lines"]] == [2, 3, 4, 5]
    assert (batches[-1]["complete"], batches[-1]["lineCount"]) == (True, 4)
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {served.token}"}) as http:
        query = {"task": "each", "text": "region"}
        answer = await http.get(f"{served.url}/executions/{ended['id']}/logs.txt", params=query)
    assert answer.text.splitlines()[-1].startswith("# 2 lines")


@pytest.fixture
async def ended(client: Client) -> dict[str, Any]:
    execution = await client.until_ended((await client.run(FLOW))["id"])
    assert execution["state"] == "SUCCESS"
    return execution


async def logs(client: Client, id: str, **which: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.post(LOGS, id=id, **which))["execution"]["logs"]
    return found


def numbers(page: dict[str, Any]) -> list[int]:
    return [node["line"] for node in page["nodes"]]


@pytest.mark.parametrize(
    ("around", "lines", "before", "after"),
    [
        (600, [598, 599, 600, 601], True, True),
        (1, [1, 2, 3, 4], False, True),
        (2, [1, 2, 3, 4], False, True),
        (0, [1, 2, 3, 4], False, True),
        (-5, [1, 2, 3, 4], False, True),
        (1203, [1200, 1201, 1202, 1203], True, False),
        (2_000_000_000, [1200, 1201, 1202, 1203], True, False),
    ],
)
async def test_around_a_line(
    client: Client, ended: dict[str, Any], around: int, lines: list[int], before: bool, after: bool
) -> None:
    page = await logs(client, ended["id"], first=4, around=around)
    assert numbers(page) == lines
    page_info = page["pageInfo"]
    assert (page_info["hasPreviousPage"], page_info["hasNextPage"]) == (before, after)
    assert page["totalCount"] == {"value": 1203, "exact": True}
    if after:
        following = await logs(client, ended["id"], first=1, after=page_info["endCursor"])
        assert numbers(following) == [lines[-1] + 1]


async def test_around_a_line_of_a_choice(client: Client, ended: dict[str, Any]) -> None:
    run = task(ended, "b")["id"]
    page = await logs(client, ended["id"], first=4, around=3, run=run)
    assert (numbers(page), page["totalCount"]["value"]) == ([1203], 1)
    for stream, lines in (("STDERR", [1202]), ("STDOUT", [1199, 1200, 1201]), ("SYSTEM", [1203])):
        page = await logs(client, ended["id"], first=3, around=1203, stream=stream)
        assert numbers(page) == lines
        assert {node["stream"] for node in page["nodes"]} == {stream}
    found = await client.post(OF_TASK, id=ended["id"], around=1202, stream="STDOUT")
    assert numbers(found["execution"]["task"]["logs"]) == [1198, 1199, 1200, 1201]


async def test_a_page_holds_a_thousand_lines(client: Client, ended: dict[str, Any]) -> None:
    assert numbers(await logs(client, ended["id"], first=1000)) == list(range(1, 1001))
    for which, said in (
        ({"first": 1001}, "first must be between 1 and 1000; got 1001"),
        ({"around": 5, "after": "bG9nOjE"}, "around can only be combined with `first`"),
    ):
        answer = await client.answer(LOGS, id=ended["id"], **which)
        assert said in answer["errors"][0]["message"]


async def test_matching_lines(client: Client, ended: dict[str, Any]) -> None:
    run = task(ended, "a")["id"]
    for which, expected in (
        ({"text": "FAILED"}, [1201, 1203]),
        ({"text": "FAILED", "run": run}, [1201]),
        ({"text": "failed", "level": "ERROR"}, [1203]),
        ({"text": "größe", "stream": "STDERR"}, [1202]),
        ({"text": "LINE 120"}, [120, 1200]),
        ({"text": "line 120", "after": 120}, [1200]),
        ({"text": "31m"}, []),
        ({"level": "WARN"}, [1202, 1203]),
        ({"level": "ERROR", "after": 1202}, [1203]),
        ({"attempt": 2}, []),
    ):
        found = (await client.post(MATCHES, id=ended["id"], **which))["execution"]["logMatches"]
        assert found == {"lines": expected, "searchedTo": 1203, "complete": True}, which
    found = (await client.post(MATCHES, id=ended["id"], text="line", first=2, after=7))["execution"]
    assert found["logMatches"] == {"lines": [8, 9], "searchedTo": 9, "complete": False}


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ({"text": ""}, "text must have 1 to 1000 characters, none of them NUL; got 0"),
        ({"text": "x" * 1001}, "text must have 1 to 1000 characters, none of them NUL; got 1001"),
        ({"text": "x", "first": 1001}, "first must be between 1 and 1000; got 1001"),
    ],
)
async def test_invalid_log_searches_are_refused(
    client: Client, ended: dict[str, Any], which: dict[str, Any], said: str
) -> None:
    answer = await client.answer(MATCHES, id=ended["id"], **which)
    assert said in answer["errors"][0]["message"]


async def test_lines_are_counted_by_level(client: Client, ended: dict[str, Any]) -> None:
    async def counts(**which: Any) -> dict[str, int]:
        found = (await client.post(COUNTS, id=ended["id"], **which))["execution"]["logCounts"]
        assert all(one["count"]["exact"] for one in found)
        return {one["level"]: one["count"]["value"] for one in found}

    assert await counts() == {"INFO": 1201, "WARN": 1, "ERROR": 1}
    assert await counts(run=task(ended, "b")["id"]) == {"ERROR": 1}
    assert await counts(attempt=2) == {}


async def test_a_choice_is_followed(client: Client, ended: dict[str, Any]) -> None:
    run = task(ended, "a")["id"]
    for which, count in (
        ({"stream": "STDERR"}, 1),
        ({"run": run, "attempt": 1, "stream": "STDOUT"}, 1201),
        ({"run": run, "attempt": 2}, 0),
    ):
        lines = 0
        async with client.subscribe(LIVE, id=ended["id"], **which) as messages:
            async for data in messages:
                lines += len(data["logs"]["lines"])
                last = data["logs"]
        assert (lines, last["complete"], last["lineCount"]) == (count, True, count)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"stream": "STDERR"}, 1), ({"stream": "stdout"}, 1201), ({"text": "FAILED"}, 2),
        ({"text": "Line 120", "stream": "STDOUT", "order": "task"}, 2), ({"text": "31m"}, 0),
        ({"text": "failed", "level": "ERROR", "task": "b"}, 1), ({"text": "failed", "ansi": "true"}, 2),
    ],
)  # fmt: skip
async def test_a_download_is_everything_that_the_filter_shows(
    served: Served, ended: dict[str, Any], query: dict[str, str], count: int
) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {served.token}"}) as http:
        answer = await http.get(f"{served.url}/executions/{ended['id']}/logs.txt", params=query)
    assert answer.status_code == 200
    assert answer.text.splitlines()[-1].startswith(f"# {count} lines")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"text": ""}, "text must have 1 to 1000 characters"),
        ({"text": "a\0"}, "none of them NUL"),
        ({"stream": "FILE"}, "stream must be one of"),
    ],
)
async def test_a_download_refuses_invalid_parameters(
    served: Served, ended: dict[str, Any], query: dict[str, str], said: str
) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {served.token}"}) as http:
        answer = await http.get(f"{served.url}/executions/{ended['id']}/logs.txt", params=query)
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]["message"]
