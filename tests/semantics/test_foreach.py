"""foreach and subflow: task runs within task runs, executions below executions."""

from typing import Any

import pytest

from tests.api.client import Client, states, task
from tests.semantics.scene import ended, events, flow, moves, read


async def test_its_tasks_run_once_per_item_with_item_and_index(client: Client) -> None:
    tasks = """
  - id: each
    type: foreach
    items: "{{ inputs.names }}"
    tasks:
      - {id: hello, type: return, outputs: {text: "{{ index }} {{ item }}"}}
      - {id: loud, type: return, needs: [hello], outputs: {text: "{{ outputs.hello.text | upper }}"}}
  - {id: all, type: return, needs: [each], outputs: {texts: "{{ outputs.each.loud | map(attribute='text') | list }}"}}
"""
    head = "inputs: [{id: names, type: ARRAY, item_type: STRING}]\n"
    found = await ended(client, flow("fe-items", tasks, head), inputs={"names": ["ann", "bob"]})
    assert task(found, "all")["outputs"] == {"texts": ["0 ANN", "1 BOB"]}
    runs = (await read(client, found["id"], "taskRuns { key iteration { index item } }"))[
        "taskRuns"
    ]
    assert {one["key"]: one["iteration"] for one in runs}["each[1].loud"] == {
        "index": 1,
        "item": "bob",
    }


async def test_at_most_max_parallel_iterations_run_at_once(client: Client) -> None:
    tasks = """
  - id: each
    type: foreach
    items: [1, 2, 3, 4, 5]
    max_parallel: 2
    tasks: [{id: a, type: log, message: a}, {id: b, type: log, message: b, needs: [a]}]
"""
    found = await ended(client, flow("fe-parallel", tasks))
    assert found["state"] == "SUCCESS"
    at_once, most = set(), 0
    for event in await events(client, found["id"]):
        key = (event["taskRun"] or {}).get("key", "")
        index, _, name = key.partition("].")
        if name == "a" and event["toState"] == "QUEUED":
            at_once.add(index)
        if name == "b" and event["toState"] == "SUCCESS":
            at_once.discard(index)
        most = max(most, len(at_once))
    assert most == 2


async def test_an_iteration_that_fails_fails_the_foreach_and_the_others_finish(
    client: Client,
) -> None:
    tasks = """
  - id: each
    type: foreach
    items: [1, 0, 2]
    tasks: [{id: a, type: return, outputs: {n: "{{ 2 / item }}"}}]
"""
    found = await ended(client, flow("fe-fails", tasks, "on_failure: FINISH_POSSIBLE\n"))
    assert states(found)["each"] == "FAILED"
    assert "1 of 3" in task(found, "each")["error"]["message"]
    assert [states(found)[f"each[{n}].a"] for n in range(3)] == ["SUCCESS", "ERROR", "SUCCESS"]


async def test_without_items_it_succeeds_at_once(client: Client) -> None:
    tasks = "  - {id: each, type: foreach, items: [], tasks: [{id: a, type: log, message: a}]}\n"
    found = await ended(client, flow("fe-empty", tasks))
    assert (found["state"], states(found)) == ("SUCCESS", {"each": "SUCCESS"})


async def test_foreach_of_a_thousand_items(client: Client) -> None:
    tasks = """
  - id: each
    type: foreach
    items: "{{ range(1000) | list }}"
    tasks: [{id: double, type: return, outputs: {n: "{{ item * 2 }}"}}]
  - {id: sum, type: return, needs: [each], outputs: {n: "{{ outputs.each.double | map(attribute='n') | sum }}"}}
"""
    id = (await client.run(flow("fe-thousand", tasks)))["id"]
    query = "subscription ($id: ID!) { execution(id: $id) { state } }"
    async with client.subscribe(query, id=id) as messages:
        async for data in messages:
            if data["execution"]["state"] in {"SUCCESS", "FAILED", "ERROR"}:
                break
    found = await read(client, id, 'state task(key: "sum") { outputs }')
    assert found == {"state": "SUCCESS", "task": {"outputs": {"n": 999_000}}}


CHILD = """id: {id}
namespace: semantics.below
inputs: [{{id: n, type: INT, required: true}}]
tasks: [{tasks}]
outputs: {{n: "{{{{ inputs.n + 1 }}}}"}}
"""


async def test_a_subflow_gets_its_inputs_and_gives_its_outputs(client: Client) -> None:
    await client.save(CHILD.format(id="sf-adds", tasks="{id: a, type: log, message: a}"))
    tasks = """
  - {id: seven, type: return, outputs: {n: 7}}
  - id: sub
    type: subflow
    flow: sf-adds
    namespace: semantics.below
    needs: [seven]
    inputs: {n: "{{ outputs.seven.n }}"}
  - {id: then, type: return, needs: [sub], outputs: {n: "{{ outputs.sub.n + 1 }}"}}
"""
    found = await ended(client, flow("sf-parent", tasks))
    assert (found["state"], task(found, "then")["outputs"]) == ("SUCCESS", {"n": 9})
    runs = await read(
        client,
        found["id"],
        'children { id inputs parent { id } } task(key: "sub") { child { id } }',
    )
    (child,) = runs["children"]
    assert (child["inputs"], child["parent"]["id"]) == ({"n": 7}, found["id"])
    assert runs["task"]["child"]["id"] == child["id"]


MIRRORED: list[Any] = [
    ("{id: a, type: log, message: a}", "SUCCESS", "SUCCESS"),
    ("{id: a, type: fail, allow_failure: true}", "WARNING", "WARNING"),
    ("{id: a, type: fail, message: too bad}", "FAILED", "FAILED"),
    ('{id: a, type: log, message: "{{ 1 / 0 }}"}', "ERROR", "ERROR"),
    ("{id: a, type: approval, timeout: 50ms}", "REJECTED", "REJECTED"),
]


@pytest.mark.parametrize(("below", "run", "end"), MIRRORED)
async def test_a_subflow_mirrors_the_end_of_its_child(
    client: Client, below: str, run: str, end: str
) -> None:
    await client.save(CHILD.format(id="sf-mirrored", tasks=below))
    sub = "  - {id: sub, type: subflow, flow: sf-mirrored, namespace: semantics.below, inputs: {n: 1}}\n"
    found = await ended(client, flow("sf-mirrors", sub))
    assert (states(found), found["state"]) == ({"sub": run}, end)
    (child,) = (await read(client, found["id"], "children { state }"))["children"]
    assert child["state"] == end


async def test_a_subflow_that_does_not_wait_ends_when_its_child_has_begun(client: Client) -> None:
    await client.save(CHILD.format(id="sf-alone", tasks="{id: a, type: fail}"))
    sub = "  - {id: sub, type: subflow, flow: sf-alone, namespace: semantics.below, wait: false, inputs: {n: 1}}\n"
    found = await ended(client, flow("sf-lets-go", sub))
    assert found["state"] == "SUCCESS"
    (child,) = (await read(client, found["id"], "children { id }"))["children"]
    assert (await client.until_ended(child["id"]))["state"] == "FAILED"


async def test_a_subflow_that_cannot_start_fails_and_says_why(client: Client) -> None:
    found = await ended(client, flow("sf-missing", "  - {id: sub, type: subflow, flow: nowhere}\n"))
    assert states(found) == {"sub": "ERROR"}
    assert "semantics/nowhere cannot start" in found["failure"]["message"]
    assert await moves(client, found["id"], "sub") == ["RUNNING", "ERROR"]
