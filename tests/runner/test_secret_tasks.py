"""Secrets in a worker: caches, reruns, subflows, iterations, and a worker without the key."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from models.access.viewer import Scope
from models.lifecycle.snapshot import Execution
from models.spec import parse_flow
from models.states import TaskRunState
from runner.launch.launch import Launch, prepare
from runner.service.encryption import Cipher, key_from, new_key
from runner.store import secrets
from runner.store.flows.flows import save_flow
from server.process.runtime import make_worker, runtime
from tests.runner.floor import PERSON, Floor, open_floor

VALUE = "hunter2-and-more"


@pytest.fixture
async def floor(database_url: str, data_dir: Path) -> AsyncIterator[Floor]:
    async with open_floor(database_url, data_dir) as floor:
        await save(floor, "API_KEY", VALUE)
        yield floor


async def save(floor: Floor, name: str, value: str) -> None:
    pool, cipher = floor.parts.database.pool, floor.parts.vault
    await secrets.save(pool, cipher, "acme", name, value, PERSON)


async def run(
    floor: Floor, source: str, inputs: Mapping[str, Any] | None = None, **more: Any
) -> Execution:
    parts = floor.parts
    spec = parse_flow(source)
    async with parts.database.pool.acquire() as connection:
        await save_flow(connection, spec, source, "user:test")
    launch = Launch(namespace=spec.namespace, flow=spec.id, inputs=inputs or {}, **more)
    command = await prepare(
        parts.database.pool, parts.engine.plans, parts.evaluator, Scope(), launch, parts.vault
    )
    begun = await parts.engine.create(command, PERSON)
    return await floor.until_ended(begun.execution.id)


async def test_a_task_cache_depends_on_the_secret_and_does_not_reveal_it(floor: Floor) -> None:
    tasks = '  - {id: a, type: return, outputs: {a: "{{ secrets.API_KEY }}"}, cache: {ttl: 1h}}\n'
    first, second = await floor.run(tasks), await floor.run(tasks)
    assert first.tasks["a"].state is TaskRunState.SUCCESS
    assert second.tasks["a"].state is TaskRunState.CACHED
    assert second.tasks["a"].results == {"a": "****"}
    await save(floor, "API_KEY", "another value")
    assert (await floor.run(tasks)).tasks["a"].state is TaskRunState.SUCCESS


FLOW = """id: cached
namespace: acme
cache: {ttl: 1h}
inputs: [{id: pin, type: SECRET}]
tasks:
  - {id: a, type: return, outputs: {a: "is {{ inputs.pin }}", n: "{{ inputs.pin | length }}"}}
"""


async def test_a_flow_cache_depends_on_a_secret_input(floor: Floor) -> None:
    states = [
        (await run(floor, FLOW, {"pin": pin})).tasks["a"].state
        for pin in ("12345", "12345", "123456")
    ]
    assert states == [TaskRunState.SUCCESS, TaskRunState.CACHED, TaskRunState.SUCCESS]


async def test_a_rerun_has_the_secret_of_its_source(floor: Floor) -> None:
    first = await run(floor, FLOW, {"pin": "12345"})
    again = await run(floor, FLOW, {"pin": "****"}, rerun_of=first.id)
    assert again.inputs == first.inputs
    assert again.tasks["a"].outputs == {"a": "is ****", "n": 5}
    anew = await run(floor, FLOW, {"pin": "123456789"}, rerun_of=first.id)
    assert anew.tasks["a"].outputs == {"a": "is ****", "n": 9}


async def test_iterations_and_subflows_see_secrets_by_name(floor: Floor) -> None:
    child = (
        "id: child\nnamespace: acme.below\ntasks:\n"
        '  - {id: a, type: return, outputs: {n: "{{ secrets.API_KEY | length }}"}}\n'
        "outputs: {n: '{{ outputs.a.n }}'}\n"
    )
    await run(floor, child)
    ended = await run(
        floor,
        "id: parent\nnamespace: acme\ntasks:\n"
        "  - {id: below, type: subflow, namespace: acme.below, flow: child}\n"
        "  - id: each\n    type: foreach\n    items: [1, 2]\n    tasks:\n"
        '      - {id: say, type: return, outputs: {a: "{{ secrets.API_KEY }}-{{ item }}"}}\n',
    )
    outputs = {run.path: dict(run.outputs) for run in ended.tasks.values()}
    assert outputs["each[0].say"] == {"a": "****-1"}
    assert outputs["each[1].say"] == {"a": "****-2"}
    assert outputs["below"]["n"] == len(VALUE)


@pytest.mark.parametrize(
    ("cipher", "sentence"),
    [
        (Cipher(), "a secret cannot be read: this process has no secret key"),
        (
            Cipher(key_from(new_key())),
            "a secret cannot be read: this was encrypted with the secret key",
        ),
    ],
)
async def test_a_worker_without_the_key_fails_the_task_with_a_sentence(
    database_url: str, data_dir: Path, cipher: Cipher, sentence: str
) -> None:
    async with runtime(database_url, cipher) as parts:
        right = Cipher(key_from(new_key()))
        await secrets.save(parts.database.pool, right, "acme", "API_KEY", VALUE, PERSON)
        async with make_worker(parts, data_dir, ("default",), 4, 0.0) as worker:
            floor = Floor(parts, worker, data_dir)
            task = await floor.task('  - {id: a, type: log, message: "{{ secrets.API_KEY }}"}\n')
    assert task.state is TaskRunState.ERROR
    assert task.error and task.error.code == "EXPRESSION"
    assert task.error.message.startswith(sentence)
    assert "HEADWAY_SECRET_KEY" in task.error.message
