"""Cached results of flows and tasks."""

from typing import Any

from tests.api.client import Client, states, task
from tests.semantics.scene import Tables, acted, does, ended, flow, read, refused

ROLL = "{{ execution.id }}"
HEAD = 'inputs: [{id: day, type: STRING, default: monday}]\ncache: {ttl: 1h}\noutputs: {n: "{{ outputs.a.n }}"}\n'
TASKS = f'  - {{id: a, type: return, outputs: {{n: "{ROLL}"}}}}\n'


async def again(client: Client, id: str, **input: Any) -> dict[str, Any]:
    return await client.until_ended((await client.create(f"semantics/{id}", **input))["id"])


async def source_of(client: Client, id: str) -> str | None:
    found = (await read(client, id, "cachedFrom { id }"))["cachedFrom"]
    return found and str(found["id"])


async def test_a_hit_makes_a_flow_cached_with_cached_from_and_the_reused_outputs(
    client: Client,
) -> None:
    first = await ended(client, flow("ca-hit", TASKS, HEAD))
    second = await again(client, "ca-hit")
    assert (second["state"], states(second)) == ("CACHED", {"a": "CACHED"})
    assert second["outputs"] == first["outputs"] == {"n": first["id"]}
    assert task(second, "a")["outputs"] == {"n": first["id"]}
    assert task(second, "a")["attempts"] == []
    assert await source_of(client, second["id"]) == first["id"]
    third = await again(client, "ca-hit")
    assert await source_of(client, third["id"]) == first["id"], "what ran, not what reused"


async def test_a_flows_key_is_its_revision_and_inputs(client: Client) -> None:
    await ended(client, flow("ca-key", TASKS, HEAD))
    assert (await again(client, "ca-key", inputs={"day": "friday"}))["state"] == "SUCCESS"
    assert (await again(client, "ca-key", inputs={"day": "friday"}))["state"] == "CACHED"
    await client.save(flow("ca-key", TASKS + "  - {id: b, type: log, message: b}\n", HEAD))
    assert (await again(client, "ca-key"))["state"] == "SUCCESS"


async def test_a_key_expression_takes_the_place_of_the_digest(client: Client) -> None:
    head = HEAD.replace("{ttl: 1h}", '{ttl: 1h, key: "{{ inputs.day[0] }}"}')
    await ended(client, flow("ca-expression", TASKS, head))
    assert (await again(client, "ca-expression", inputs={"day": "march"}))["state"] == "CACHED"
    assert (await again(client, "ca-expression", inputs={"day": "friday"}))["state"] == "SUCCESS"
    wrong = HEAD.replace("{ttl: 1h}", '{ttl: 1h, key: "{{ inputs.day / 0 }}"}')
    await client.save(flow("ca-wrong", TASKS, wrong))
    problem = await refused(client, "createExecution", namespace="semantics", flow="ca-wrong")
    assert problem["code"] == "VALIDATION"


async def test_no_cache_skips_it(client: Client) -> None:
    await ended(client, flow("ca-skips", TASKS, HEAD))
    assert (await again(client, "ca-skips", noCache=True))["state"] == "SUCCESS"


async def test_after_its_ttl_a_success_is_not_used_again(client: Client, tables: Tables) -> None:
    first = await ended(client, flow("ca-ttl", TASKS, HEAD))
    await tables.rows(
        "update executions set ended_at = ended_at - interval '61 minutes' where name = $1",
        first["name"],
    )
    assert (await again(client, "ca-ttl"))["state"] == "SUCCESS"
    await tables.rows(
        "update executions set ended_at = ended_at + interval '61 minutes' where name = $1",
        first["name"],
    )


async def test_a_failure_is_not_used_again(client: Client) -> None:
    head = HEAD.replace('outputs: {n: "{{ outputs.a.n }}"}\n', "")
    await ended(client, flow("ca-failed", "  - {id: a, type: fail}\n", head))
    assert (await again(client, "ca-failed"))["state"] == "FAILED"


TASK = f"""
  - {{id: a, type: return, cache: {{ttl: 1h}}, outputs: {{n: "{{{{ inputs.day }}}}"}}}}
  - {{id: b, type: return, needs: [a], outputs: {{n: "{{{{ outputs.a.n }}}} {ROLL}"}}}}
"""
DAY = "inputs: [{id: day, type: STRING, default: monday}]\n"


async def test_a_tasks_key_is_its_spec_and_rendered_inputs(client: Client) -> None:
    first = await ended(client, flow("ca-task", TASK, DAY))
    assert states(first) == {"a": "SUCCESS", "b": "SUCCESS"}
    second = await again(client, "ca-task")
    assert (second["state"], states(second)) == ("SUCCESS", {"a": "CACHED", "b": "SUCCESS"})
    assert task(second, "b")["outputs"] == {"n": f"monday {second['id']}"}
    run = (await read(client, second["id"], 'task(key: "a") { outputs cachedFrom { id } }'))["task"]
    assert run == {"outputs": {"n": "monday"}, "cachedFrom": {"id": first["id"]}}
    assert states(await again(client, "ca-task", inputs={"day": "friday"}))["a"] == "SUCCESS"
    assert states(await again(client, "ca-task", noCache=True))["a"] == "SUCCESS"
    await client.save(
        flow("ca-task", TASK.replace("ttl: 1h", "ttl: 1h").replace('}}"}}', '}}!"}}', 1), DAY)
    )
    assert states(await again(client, "ca-task"))["b"] == "SUCCESS"


async def test_another_spec_is_another_key(client: Client) -> None:
    await ended(client, flow("ca-spec", TASK, DAY))
    await client.save(
        flow("ca-spec", TASK.replace('{n: "{{ inputs.day }}"}', '{n: "on {{ inputs.day }}"}'), DAY)
    )
    found = await again(client, "ca-spec")
    assert (states(found)["a"], task(found, "a")["outputs"]) == ("SUCCESS", {"n": "on monday"})


async def test_deleting_a_cached_source_copies_referenced_outputs_first(client: Client) -> None:
    first = await ended(client, flow("ca-deleted", TASK, DAY))
    second = await again(client, "ca-deleted")
    await does(client, "deleteExecutions", "deleted", ids=[first["id"]])
    assert task(await client.show(second["id"]), "a")["outputs"] == {"n": "monday"}
    replayed = await acted(client, "replayExecution", id=second["id"], fromTask="b")
    found = await client.until_ended(replayed["id"])
    assert task(found, "b")["outputs"] == {"n": f"monday {found['id']}"}
