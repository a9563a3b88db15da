"""The commands of the README, run unchanged, and its flow."""

import asyncio
import json
import os
import re
import shlex
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.api.client import Client
from tests.api.servers import HEADWAY, Served, serving
from tests.docs.test_documents import ROOT, text_of

RECIPES = text_of("README.md").split("## Run something")[1].split("Write your own")[0]
STARTS = [line.strip() for line in RECIPES.splitlines() if line.startswith("    headway run ")]
(LOOKS,) = (line.strip() for line in RECIPES.splitlines() if line.startswith("    headway ls "))
(SAMPLE,) = re.findall(r"(?ms)^```yaml\n(.*?)^```", text_of("README.md"))
FAIL_ON_PURPOSE = {"flaky-branches", "regional-sales"}
ENDS = {
    "orders-etl": "SUCCESS",
    "digits-training": "SUCCESS",
    "release-runbook": "SUCCESS",
    "flaky-branches": "SUCCESS",
    "regional-sales": "FAILED",
    "quarter-close": "WAITING_FOR_APPROVAL",
}
WAIT = {"release-runbook", "quarter-close"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("readme") / "data", "--examples") as served:
        yield served


@pytest.fixture
def client(served: Served) -> Client:
    return served.client


@asynccontextmanager
async def started(
    served: Served, line: str, folder: Path = ROOT
) -> AsyncIterator[asyncio.subprocess.Process]:
    words = shlex.split(line, comments=True)
    assert words.pop(0) == "headway"
    process = await asyncio.create_subprocess_exec(
        HEADWAY, *words,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HEADWAY_DATA_DIR": str(served.data_dir)},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def output_of(served: Served, line: str, folder: Path = ROOT) -> tuple[int | None, str]:
    async with asyncio.timeout(100), started(served, line, folder) as process:
        output, _ = await process.communicate()
    return process.returncode, output.decode()


def named(line: str) -> str:
    (name,) = re.findall(r"examples/([a-z-]+)", line)
    return str(name)


def test_every_recipe_is_known() -> None:
    assert [named(line) for line in STARTS] == list(ENDS)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("line", STARTS, ids=named)
async def test_recipes_work(served: Served, client: Client, line: str) -> None:
    code, output = await output_of(served, line)
    assert code == (named(line) in FAIL_ON_PURPOSE), output
    id = output.split()[0]
    if named(line) in WAIT:
        await client.until(id, state="WAITING_FOR_APPROVAL")
    for then in re.findall(r"headway .*", line.partition("#")[2]):
        code, output = await output_of(served, then.replace("ID", id))
        assert code == 0, output
    assert await client.until(id, state=ENDS[named(line)])


async def test_executions_are_listed_shown_read_and_cancelled(
    served: Served, client: Client
) -> None:
    held = "id: held\nnamespace: readme\ntasks: [{id: w, type: wait, duration: 2s}]\n"
    id = (await client.run(held))["id"]
    *before, cancel = [part.strip() for part in LOOKS.split(";")]
    assert len(before) == 3
    for line in before:
        code, output = await output_of(served, line.replace("ID", id))
        assert code == 0, output
    held = held.replace("2s", "1h")
    id = (await client.run(held))["id"]
    await client.until(id, w="RUNNING")
    code, output = await output_of(served, cancel.replace("ID", id))
    assert code == 0 and "is KILL" in output


async def test_the_flow_can_be_saved_and_run(
    served: Served, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "my.yaml").write_text(SAMPLE)
    check, run = re.findall(
        r"`(headway (?:flows validate|run) my\.yaml[^`]*)`", text_of("README.md")
    )
    assert (await output_of(served, check, tmp_path))[0] == 0
    async with asyncio.timeout(40), started(served, run, tmp_path) as process:
        assert process.stdout
        id = (await process.stdout.readline()).decode().strip()
        await client.until(id, state="WAITING_FOR_APPROVAL")
        code, output = await output_of(served, f"headway approve {id}")
        assert code == 0, output
        rest = (await process.stdout.read()).decode()
        assert await process.wait() == 0, rest
    assert json.loads(rest.splitlines()[-1]) == {"loaded": 1250}


CODE = """id: ones-own
namespace: readme
tasks:
  - {{id: a, type: shell, run: "ls -A | wc -l; echo path=${{PYTHONPATH#*:}}; python3 {folder}/count.py"}}
  - {{id: b, type: python, call: "acme.load:main", args: {{n: 2}}, env: {{PYTHONPATH: "{folder}"}}}}
  - {{id: c, type: python, call: "acme.load:main", args: {{n: 2}}, allow_failure: true}}
outputs: {{n: "{{{{ outputs.b.n }}}}"}}
"""


async def test_code_of_ones_own_is_found_where_the_document_says(
    client: Client, tmp_path: Path
) -> None:
    (tmp_path / "count.py").write_text("print('counted')\n")
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "load.py").write_text("def main(n):\n    return {'n': n + 1}\n")
    made = await client.until_ended((await client.run(CODE.format(folder=tmp_path)))["id"])
    assert (made["state"], made["outputs"]) == ("WARNING", {"n": 3})
    lines = await client.post(
        "query ($id: ID!) { execution(id: $id) { logs { nodes { text taskKey } } } }", id=made["id"]
    )
    logged = [one["text"] for one in lines["execution"]["logs"]["nodes"] if one["taskKey"] == "a"]
    assert logged[0] == "0" and logged[-1] == "counted"
