"""Results of a foreach beyond 1 MiB: read in full up to 16 MiB by every reader, and never silently empty."""

from typing import Any

import httpx

from models.lifecycle.results import MAX_RESULTS, TOO_LARGE, TOO_LARGE_MESSAGE
from models.payloads import json_size
from tests.api.client import ENDS, Client, states, task
from tests.semantics.scene import does, ended, flow, read

HEAD = """on_failure: FINISH_POSSIBLE
inputs:
  - {id: letter, type: STRING, default: x}
  - {id: sizes, type: ARRAY, item_type: INT}
"""
LETTER = "中"
WIDTH = len(LETTER.encode())
MANY = 1_000_000
"""The largest number of bytes that one iteration returns here."""
LARGE = [MANY, MANY, MANY]
"""The number of iterations of a foreach with about 3 MiB."""


def made(items: str, width: int, id: str = "a") -> str:
    """Returns the task of an iteration that outputs so many bytes of text."""
    text = f"{{{{ inputs.letter * ({items} // {width}) ~ 'x' * ({items} % {width}) }}}}"
    return f'{{id: {id}, type: return, outputs: {{t: "{text}"}}}}'


def counted(results: str) -> str:
    return f"\"{{{{ outputs.{results} | map(attribute='t') | map('length') | sum }}}}\""


async def at_end(client: Client, id: str, *keys: str) -> dict[str, Any]:
    """Returns the ended execution with the outputs of these task runs only: a message of the socket may not hold
    all."""
    query = "subscription ($id: ID!) { execution(id: $id) { state } }"
    async with client.subscribe(query, id=id) as messages:
        async for data in messages:
            if data["execution"]["state"] in ENDS:
                break
    runs = "taskRuns { id key state error { code message } }"
    outputs = " ".join(f'{key}: task(key: "{key}") {{ outputs }}' for key in keys)
    found = await read(client, id, f"id state seq outputs {runs} {outputs}")
    return {**found, "of": {key: found[key]["outputs"] for key in keys}}


async def started(client: Client, source: str, **inputs: Any) -> str:
    return str((await client.run(source, inputs=inputs))["id"])


def sizes_for(results: int) -> list[int]:
    """Returns the numbers of texts with which the results have so many bytes."""
    count = results // MANY + 1
    rest = results - json_size({"a": [{"t": ""}] * count})
    return [rest // count + (at < rest % count) for at in range(count)]


async def test_results_are_read_up_to_16_mib_and_refused_beyond(client: Client) -> None:
    tasks = f"""
  - {{id: full, type: foreach, items: "{{{{ inputs.sizes }}}}", tasks: [{made("item", WIDTH)}]}}
  - id: over
    type: foreach
    items: "{{{{ inputs.sizes }}}}"
    tasks: [{made("(item + 1 - (1 if index else 0))", WIDTH, "b")}]
  - {{id: reads, type: return, needs: [full], outputs: {{n: {counted("full.a")}}}}}
  - {{id: cannot, type: return, needs: [over], outputs: {{n: {counted("over.b")}}}}}
  - {{id: waits, type: wait, needs: [over], duration: {counted("over.b")}}}
"""
    sizes = sizes_for(MAX_RESULTS)
    id = await started(client, flow("fr-limit", tasks, HEAD), letter=LETTER, sizes=sizes)
    found = await at_end(client, id, "full", "over", "reads")
    assert states(found)["full"] == states(found)["over"] == "SUCCESS"
    assert found["of"]["reads"] == {"n": sum(n // WIDTH + n % WIDTH for n in sizes)}
    for key in ("cannot", "waits"):
        (run,) = [one for one in found["taskRuns"] if one["key"] == key]
        message = f"`outputs.over` is too large: {TOO_LARGE_MESSAGE}"
        assert (run["state"], run["error"]) == (
            "ERROR",
            {"code": "PAYLOAD_TOO_LARGE", "message": message},
        )
    assert json_size(found["of"]["full"]) == MAX_RESULTS
    assert found["of"]["full"]["a"][0]["t"][0] == LETTER
    assert found["of"]["over"] == {TOO_LARGE: TOO_LARGE_MESSAGE}


READ = f"""
  - {{id: each, type: foreach, items: "{{{{ inputs.sizes }}}}", tasks: [{made("item", WIDTH)}]}}
  - {{id: sum, type: return, needs: [each], outputs: {{n: {counted("each.a")}}}}}
"""
CHINESE: dict[str, Any] = {"letter": LETTER, "sizes": LARGE}
COUNTED = {"n": sum(n // WIDTH + n % WIDTH for n in LARGE)}


async def carried(client: Client, id: str) -> None:
    """Checks that the execution ends, has not run its foreach, and has its results."""
    found = await at_end(client, id, "each", "sum")
    assert [run["key"] for run in found["taskRuns"]] == ["each", "sum"]
    assert found["of"]["sum"] == COUNTED
    assert [len(one["t"].encode()) for one in found["of"]["each"]["a"]] == LARGE


async def begun(client: Client, name: str, **input: Any) -> str:
    """Returns the id of the execution that an action created."""
    made = await does(client, name, "execution { id }", **input)
    return str(made["execution"]["id"])


async def test_results_exist_for_every_kind_of_rerun(client: Client) -> None:
    source = flow("fr-reuse", READ, f"{HEAD}outputs: {{n: {counted('each.a')}}}\n")
    first = await started(client, source, **CHINESE)
    shown = await at_end(client, first, "each")
    assert shown["outputs"] == COUNTED
    assert json_size(shown["of"]["each"]) > 2 * 1024 * 1024

    past = await client.post(
        'query ($id: ID!, $at: Int!) { execution(id: $id, at: $at) { task(key: "each") { outputs } } }',
        id=first, at=shown["seq"],
    )  # fmt: skip
    assert past["execution"]["task"]["outputs"] == shown["of"]["each"]
    async with httpx.AsyncClient(verify=False, timeout=30) as http:
        headers = {"authorization": f"Bearer {client.token}"}
        answer = await http.get(f"{client.url}/executions/{first}/record.json", headers=headers)
    (each,) = [run for run in answer.json()["taskRuns"] if run["key"] == "each"]
    assert each["outputs"] == shown["of"]["each"]

    replayed = await begun(client, "replayExecution", id=first, fromTask="sum")
    await carried(client, replayed)
    again = await begun(client, "replayExecution", id=replayed, fromTask="sum")
    await carried(client, again)
    draft = (await does(client, "prepareExecution", "draft { createInput }", id=first))["draft"]
    draft["createInput"]["disabledTasks"] = ["each"]
    await carried(client, await begun(client, "createExecution", **draft["createInput"]))

    (changed,) = [run["id"] for run in shown["taskRuns"] if run["key"] == "each[0].a"]
    await does(
        client, "changeTaskRunState", "execution { id }", taskRunId=changed, state="SUCCESS",
        outputs={"t": "new"}, reason="it was wrong",
    )  # fmt: skip
    now = await at_end(client, first, "each")
    assert now["of"]["each"]["a"][0] == {"t": "new"}
    await carried(client, replayed)
    await does(client, "deleteExecutions", "deleted", ids=[first])
    await carried(client, replayed)
    await carried(client, again)


async def test_a_cached_flow_and_a_restart_have_them(client: Client) -> None:
    head = f"cache: {{ttl: 1h}}\n{HEAD}"
    first = await started(client, flow("fr-cached", READ, head), **CHINESE)
    shown = await at_end(client, first, "each")
    second = (await client.create("semantics/fr-cached", inputs=CHINESE))["id"]
    found = await at_end(client, second, "each")
    assert states(found) == {"each": "CACHED", "sum": "CACHED"}
    assert found["of"]["each"] == shown["of"]["each"]

    tasks = READ + '  - {id: bad, type: return, needs: [sum], outputs: {n: "{{ 1 / 0 }}"}}\n'
    id = await started(client, flow("fr-restart", tasks, HEAD), **CHINESE)
    await at_end(client, id)
    await begun(client, "restartExecution", id=id)
    restarted = await at_end(client, id, "each")
    assert restarted["of"]["each"] == shown["of"]["each"]
    (bad,) = [run["id"] for run in restarted["taskRuns"] if run["key"] == "bad"]
    names = await client.post(
        "query ($id: ID!, $e: String!) { debugExpression(taskRunId: $id, expression: $e) { value error { message } } }",
        id=bad, e="outputs.each.a | length",
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
