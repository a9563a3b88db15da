"""Isolated tasks run and end like others: their exit codes, their limits, all their processes."""

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psutil
import pytest

from runner.service.encryption import new_key
from tests.api.servers import Served
from tests.isolation.stages import NEEDS_ROOT, serving_as

pytestmark = pytest.mark.timeout(240)
HEAD = "id: {id}\nnamespace: {namespace}\ninputs: [{{id: given, type: STRING}}]\ntasks:\n"
TIMES = iter(range(3000, 9000))


WAYS = [one for one in ("users", "namespaces") if os.geteuid() == 0 or one not in NEEDS_ROOT]
"""Only root can run tasks as other users."""


@pytest.fixture(scope="module", params=WAYS)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    secrets = {"PGPASSWORD": "of-the-server", "HEADWAY_SECRET_KEY": new_key()}
    with serving_as(request.param, **secrets) as served:
        yield served


def run(served: Served, task: str, namespace: str = "acme", **inputs: Any) -> dict[str, Any]:
    """Returns the only task run, ended, with the state of the execution."""
    return asyncio.run(_run(served, task, namespace, inputs))


async def _run(served: Served, task: str, namespace: str, inputs: Any) -> dict[str, Any]:
    source = HEAD.format(id=f"life-{next(TIMES)}", namespace=namespace) + task
    started = await served.client.run(source, inputs=inputs)
    execution = await served.client.until_ended(started["id"])
    (task_run,) = execution["taskRuns"]
    return {**task_run, "id": execution["id"]}


def until_nobody_sleeps(seconds: int) -> None:
    """Returns the processes of the machine that sleep for so long: no others do."""
    deadline = time.monotonic() + 20
    while any(_sleeps(one, seconds) for one in psutil.process_iter()):
        assert time.monotonic() < deadline, "a process is left"


def _sleeps(process: psutil.Process, seconds: int) -> bool:
    with suppress(psutil.Error):
        return process.cmdline()[-1:] == [str(seconds)]
    return False


@pytest.mark.parametrize(
    ("script", "code", "error"),
    [
        ("true", 0, None),
        ("exit 7", 7, "EXIT_CODE"),
        ("kill -SEGV $$", -11, "SIGNAL"),
        ("kill -TERM $$", -15, "SIGNAL"),
        (
            'echo said > /dev/stderr; echo more > /dev/stdout; cat < /dev/stdin; echo "{}" >&3',
            0,
            None,
        ),
    ],
)
def test_an_end_is_reported_as_it_was(
    served: Served, script: str, code: int, error: str | None
) -> None:
    task = run(served, f"  - {{id: a, type: shell, run: '{script}'}}\n")
    (attempt,) = task["attempts"]
    assert attempt["exitCode"] == code
    assert (attempt["error"] or {}).get("code") == error


def test_a_missing_program_is_reported(served: Served) -> None:
    task = run(served, "  - {id: a, type: shell, interpreter: /no/such/program, run: x}\n")
    assert task["error"]["code"] == "NOT_STARTED"
    assert "/no/such/program" in task["error"]["message"]


def test_a_timeout_ends_processes_that_ignore_signals(served: Served) -> None:
    seconds = next(TIMES)
    script = f"trap '' TERM; sleep {seconds} & sleep {seconds}"
    task = run(
        served, f'  - {{id: a, type: shell, timeout: 1s, kill_grace: 200ms, run: "{script}"}}\n'
    )
    assert task["state"] == "FAILED"
    assert task["attempts"][0]["state"] == "TIMED_OUT"
    until_nobody_sleeps(seconds)


@pytest.mark.parametrize("way", [one for one in WAYS if one in NEEDS_ROOT])
def test_a_daemon_does_not_outlive_its_task(way: str) -> None:
    seconds = next(TIMES)
    script = f"cd /; setsid env -i sleep {seconds} < /dev/null > /dev/null 2>&1 &"
    with serving_as(way) as served:
        task = run(served, f'  - {{id: a, type: shell, run: "{script}"}}\n')
        assert task["state"] == "SUCCESS"
        until_nobody_sleeps(seconds)


def test_nothing_is_left_of_its_folder(served: Served) -> None:
    script = "mkdir -p a/b; touch a/b/c; chmod 500 a/b; mkfifo pipe; ln -s / all; touch ~/x"
    run(served, f'  - {{id: a, type: shell, run: "{script}"}}\n')
    assert list(served.data_dir.glob("work/wrk_*/att_*")) == []


def test_a_task_gets_the_secrets_that_it_names_and_no_others(served: Served) -> None:
    async def save(name: str, value: str) -> None:
        await served.client.post(
            "mutation ($i: SaveSecretInput!) { saveSecret(input: $i) { problems { message } } }",
            i={"namespace": "acme", "name": name, "value": value},
        )

    asyncio.run(save("NAMED", "the-named-one-771"))
    asyncio.run(save("OTHER", "the-other-one-772"))
    task = run(
        served,
        """  - id: a
    type: python
    env: {MINE: "{{ secrets.NAMED }}"}
    script: |
      import headway, os, pathlib
      files = "".join(one.read_text() for one in pathlib.Path("..").glob("*.json*"))
      said = files + str(dict(os.environ))
      headway.output(
          named="-one-771" in said, other="-one-772" in said,
          private=[one for one in os.environ if one.startswith(("PG", "HEADWAY_S", "HEADWAY_D"))])
""",
    )
    assert task["outputs"] == {"named": True, "other": False, "private": []}


def test_files_of_its_own_namespace_are_read_and_no_others(served: Served) -> None:
    made = run(
        served,
        "  - {id: a, type: shell, run: echo mine > made.txt, artifacts: [{path: made.txt}]}\n",
    )
    uri = made["outputs"]["artifacts"]["made.txt"]["uri"]
    reads = (
        '  - {id: a, type: python, args: {uri: "{{ inputs.given }}"}, script: "import headway, urllib.request;'
        "headway.output(read=urllib.request.urlopen(headway.args['uri']).read().decode())\"}\n"
    )
    assert run(served, reads, given=uri)["outputs"] == {"read": "mine\n"}
    refused = run(served, reads, namespace="elsewhere", given=uri)
    assert (refused["state"], refused["outputs"]) == ("FAILED", {})


def test_the_process_that_starts_tasks_may_die(served: Served) -> None:
    for launcher in _launchers(served):
        launcher.kill()
    assert run(served, "  - {id: a, type: shell, run: grep -q NoNewPrivs.*1 /proc/self/status}\n")[
        "state"
    ] == ("SUCCESS")
    assert len(_launchers(served)) == 1


def _launchers(served: Served) -> list[psutil.Process]:
    children = psutil.Process(served.process.pid).children(recursive=True)
    return [one for one in children if "runner.isolation.launcher_child" in one.cmdline()]


@pytest.mark.parametrize("way", WAYS)
def test_tasks_end_with_a_worker_that_is_killed(way: str) -> None:
    seconds = next(TIMES)
    with serving_as(way) as served:
        source = HEAD.format(id="sleeps", namespace="acme")
        source += f'  - {{id: a, type: shell, run: "setsid sleep {seconds} & sleep {seconds}"}}\n'
        asyncio.run(_until_it_sleeps(served, source, seconds))
        served.kill()
        until_nobody_sleeps(seconds)
        for postmaster in _postmasters(served):
            postmaster.terminate()
            postmaster.wait(30)


async def _until_it_sleeps(served: Served, source: str, seconds: int) -> None:
    await served.client.run(source)
    async with asyncio.timeout(60):
        while not any(_sleeps(one, seconds) for one in psutil.process_iter()):
            await asyncio.sleep(0)


def _postmasters(served: Served) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            if one.name() == "postgres" and str(served.data_dir) in " ".join(one.cmdline()):
                found.append(one)
    return found
