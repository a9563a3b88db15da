"""Results of a foreach beyond 1 MiB: read whole up to 16 MiB by whoever reads them, and never silently empty."""

from typing import Any

import httpx
import pytest

from models.lifecycle.results import MAX_RESULTS, TOO_LARGE, TOO_LARGE_MESSAGE
from models.values import json_size
from tests.api.client import Client, states, task
from tests.semantics.scene import acted, does, ended, flow, read

HEAD = """on_failure: FINISH_POSSIBLE
inputs:
  - {id: letter, type: STRING, default: x}
  - {id: sizes, type: ARRAY, item_type: INT}
"""
WIDTH = {"x": 1, "中": 3, "я": 2}
MANY = 1_000_000
"""Bytes that one iteration gives at most here."""
LARGE = [MANY, MANY, MANY]
"""Of a foreach with about 3 MiB."""


def made(items: str, width: int) -> str:
    """The task of an iteration that gives so many bytes of text."""
    text = f"{{{{ inputs.letter * ({items} // {width}) ~ 'x' * ({items} % {width}) }}}}"
    return f'{{id: a, type: return, outputs: {{t: "{text}"}}}}'


def counted(key: str) -> str:
    return f"\"{{{{ outputs.{key}.a | map(attribute='t') | map('length') | sum }}}}\""


def sizes_for(results: int) -> list[int]:
    """Of texts that make results of so many bytes."""
    count = results // MANY + 1
    rest = results - json_size({"a": [{"t": ""}] * count})
    return [rest // count + (at < rest % count) for at in range(count)]


@pytest.mark.parametrize("letter", WIDTH, ids=["ascii", "chinese", "cyrillic"])
async def test_they_are_read_up_to_16_mib_and_beyond_that_an_error_says_so(
    client: Client, letter: str
) -> None:
    tasks = f"""
  - {{id: full, type: foreach, items: "{{{{ inputs.sizes }}}}", tasks: [{made("item", WIDTH[letter])}]}}
  - id: over
    type: foreach
    items: "{{{{ inputs.sizes }}}}"
    tasks: [{made("(item + 1 - (1 if index else 0))", WIDTH[letter])}]
  - {{id: reads, type: return, needs: [full], outputs: {{n: {counted("full")}}}}}
  - {{id: cannot, type: return, needs: [over], outputs: {{n: {counted("over")}}}}}
  - {{id: waits, type: wait, needs: [over], duration: {counted("over")}}}
"""
    sizes = sizes_for(MAX_RESULTS)
    found = await ended(
        client, flow("fr-limit", tasks, HEAD), inputs={"letter": letter, "sizes": sizes}
    )
    width = WIDTH[letter]
    assert states(found)["full"] == states(found)["over"] == "SUCCESS"
    assert task(found, "reads")["outputs"] == {"n": sum(n // width + n % width for n in sizes)}
    for key in ("cannot", "waits"):
        assert states(found)[key] == "ERROR"
        error = task(found, key)["error"]
        assert error == {
            "code": "PAYLOAD_TOO_LARGE",
            "message": f"`outputs.over` is too large: {TOO_LARGE_MESSAGE}",
        }
    full, over = task(found, "full")["outputs"], task(found, "over")["outputs"]
    assert json_size(full) == MAX_RESULTS
    assert full["a"][0]["t"][0] == letter
    assert over == {TOO_LARGE: TOO_LARGE_MESSAGE}


READ = f"""
  - {{id: each, type: foreach, items: "{{{{ inputs.sizes }}}}", tasks: [{made("item", 3)}]}}
  - {{id: sum, type: return, needs: [each], outputs: {{n: {counted("each")}}}}}
"""
CHINESE: dict[str, Any] = {"letter": "中", "sizes": LARGE}
COUNTED = {"n": sum(n // 3 + n % 3 for n in LARGE)}


async def carried(client: Client, id: str) -> dict[str, Any]:
    """The execution at its end, which did not run its foreach, and has its results."""
    found = await client.until_ended(id)
    assert [run["key"] for run in found["taskRuns"]] == ["each", "sum"]
    assert task(found, "sum")["outputs"] == COUNTED
    assert [len(one["t"].encode()) for one in task(found, "each")["outputs"]["a"]] == LARGE
    return found


async def test_they_are_there_for_whatever_is_made_of_the_execution(client: Client) -> None:
    source = flow("fr-reuse", READ, f"{HEAD}outputs: {{n: {counted('each')}}}\n")
    first = (await ended(client, source, inputs=CHINESE))["id"]
    shown = await read(client, first, 'seq outputs task(key: "each") { outputs }')
    assert shown["outputs"] == COUNTED
    assert json_size(shown["task"]["outputs"]) > 2 * 1024 * 1024

    past = await client.ask(
        'query ($id: ID!, $at: Int!) { execution(id: $id, at: $at) { task(key: "each") { outputs } } }',
        id=first, at=shown["seq"],
    )  # fmt: skip
    assert past["execution"]["task"] == shown["task"]
    async with httpx.AsyncClient(verify=False, timeout=30) as http:
        headers = {"authorization": f"Bearer {client.token}"}
        answer = await http.get(f"{client.url}/executions/{first}/record.json", headers=headers)
    (each,) = [run for run in answer.json()["taskRuns"] if run["key"] == "each"]
    assert each["outputs"] == shown["task"]["outputs"]

    replayed = (await acted(client, "replayExecution", id=first, fromTask="sum"))["id"]
    await carried(client, replayed)
    again = (await acted(client, "replayExecution", id=replayed, fromTask="sum"))["id"]
    await carried(client, again)
    draft = (await does(client, "prepareExecution", "draft { createInput }", id=first))["draft"]
    draft["createInput"]["disabledTasks"] = ["each"]
    await carried(client, (await acted(client, "createExecution", **draft["createInput"]))["id"])

    await does(
        client, "changeTaskRunState", taskRunId=await _run_id(client, first), state="SUCCESS",
        outputs={"t": "new"}, reason="it was wrong",
    )  # fmt: skip
    await client.until_ended(first)
    now = await read(client, first, 'task(key: "each") { outputs }')
    assert now["task"]["outputs"]["a"][0] == {"t": "new"}
    await carried(client, replayed)
    await does(client, "deleteExecutions", "deleted", ids=[first])
    await carried(client, replayed)
    await carried(client, again)


async def _run_id(client: Client, id: str) -> str:
    runs = (await read(client, id, "taskRuns { id key }"))["taskRuns"]
    return str(next(run["id"] for run in runs if run["key"] == "each[0].a"))


async def test_a_cached_flow_and_a_restart_have_them(client: Client) -> None:
    head = f"cache: {{ttl: 1h}}\n{HEAD}"
    first = await ended(client, flow("fr-cached", READ, head), inputs=CHINESE)
    second = await client.create("semantics/fr-cached", inputs=CHINESE)
    found = await client.until_ended(second["id"])
    assert states(found) == {"each": "CACHED", "sum": "CACHED"}
    assert task(found, "each")["outputs"] == task(first, "each")["outputs"]

    tasks = READ + '  - {id: bad, type: return, needs: [sum], outputs: {n: "{{ 1 / 0 }}"}}\n'
    id = (await ended(client, flow("fr-restart", tasks, HEAD), inputs=CHINESE))["id"]
    await acted(client, "restartExecution", id=id)
    restarted = await client.until_ended(id)
    assert json_size(task(restarted, "each")["outputs"]) > 2 * 1024 * 1024
    names = await client.ask(
        "query ($id: ID!, $e: String!) { debugExpression(taskRunId: $id, expression: $e) { value error { message } } }",
        id=task(restarted, "bad")["id"], e="outputs.each.a | length",
    )  # fmt: skip
    assert names["debugExpression"] == {"value": 3, "error": None}


async def test_iterations_that_failed_have_none_and_those_within_others_are_there(
    client: Client,
) -> None:
    tasks = """
  - id: each
    type: foreach
    allow_failure: true
    items: [1, 0]
    tasks:
      - {id: a, type: return, outputs: {n: "{{ 2 / item }}"}}
      - {id: inner, type: foreach, items: [7, 8], tasks: [{id: b, type: return, outputs: {n: "{{ item }}"}}]}
  - {id: reads, type: return, needs: [each], run_if: always, outputs: {all: "{{ outputs.each }}"}}
"""
    found = await ended(client, flow("fr-nested", tasks))
    inner = {"b": [{"n": 7}, {"n": 8}]}
    everything = {"a": [{"n": 2.0}, {}], "inner": [inner, inner]}
    assert task(found, "reads")["outputs"] == {"all": everything}
    assert task(found, "each")["outputs"] == everything
