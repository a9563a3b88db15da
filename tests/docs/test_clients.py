"""Every program of docs/clients.md, unchanged, against a server with the example flows."""

import asyncio
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.servers import Served, serving
from tests.docs.test_documents import ROOT, blocks

MODULES = ROOT / "tests" / "strangers" / "node_modules"
FAILED = 5
PROGRAMS = {
    found[1]: block
    for language in ("js", "python")
    for name, block in blocks(language)
    if name == "clients.md" and (found := re.match(r"(?://|#) (\w+\.\w+)\n", block))
}
(CURL,) = (block for name, block in blocks("bash") if name == "clients.md")
ENDED = ("EXECUTION_CREATED", "SUCCESS")
# The output of relay-compiler for the same documents, as far as the network layer uses it.
RELAY = """
import { environment, socket } from "./relay.mjs";
const network = environment.getNetwork();
const failed = `query ($search: String, $after: String) {
  executions(search: $search, first: 2, after: $after) { nodes { name } pageInfo { hasNextPage endCursor } } }`;
let after = null;
do {
  const { data } = await network.execute({ text: failed }, { search: "state:failed date>-7d", after }, {}).toPromise();
  for (const { name } of data.executions.nodes) console.log("failed:", name);
  after = data.executions.pageInfo.hasNextPage ? data.executions.pageInfo.endCursor : null;
} while (after);
const start = `mutation ($input: CreateExecutionInput!) {
  createExecution(input: $input) { execution { id } problems { message } } }`;
const input = { namespace: "examples", flow: "hello", idempotencyKey: "relay-1" };
const { data } = await network.execute({ text: start }, { input }, {}).toPromise();
const events = `subscription Events($id: ID!) { executionEvents(id: $id) { seq type toState terminal } }`;
const request = { text: events, name: "Events", operationKind: "subscription" };
await new Promise((resolve, reject) => {
  network.execute(request, { id: data.createExecution.execution.id }, {}).subscribe({
    next: ({ data }) => {
      const { seq, type, toState, terminal } = data.executionEvents;
      console.log("event:", seq, type, toState ?? "");
      if (terminal) resolve();
    },
    error: reject,
  });
});
await socket.dispose();
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Creates more failures than fit on two pages."""
    with serving(tmp_path_factory.mktemp("clients") / "data", "--examples") as served:
        asyncio.run(_fail(served))
        yield served


async def _fail(served: Served) -> None:
    source = "id: failing\nnamespace: clients\ntasks: [{id: a, type: fail, message: no}]\n"
    for _ in range(FAILED):
        await served.client.until_ended((await served.client.run(source))["id"])


async def output_of(served: Served, folder: Path, *command: str | Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "HEADWAY_URL": served.url, "HEADWAY_TOKEN": served.token},
    )  # fmt: skip
    try:
        async with asyncio.timeout(50):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.mark.parametrize("name", ["urql.mjs", "apollo.mjs", "relay.mjs", "gql_client.py"])
async def test_the_program_pages_starts_and_follows(
    served: Served, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text(PROGRAMS[name])
    (tmp_path / "node_modules").symlink_to(MODULES)
    command: tuple[str, str] = ("node" if name.endswith("mjs") else sys.executable, name)
    if name == "relay.mjs":
        (tmp_path / "main.mjs").write_text(RELAY)
        command = ("node", "main.mjs")
    lines = (await output_of(served, tmp_path, *command)).splitlines()
    failed = [line for line in lines if line.startswith("failed: ")]
    assert len(set(failed)) == len(failed) == FAILED
    events = [line.split() for line in lines if line.startswith("event: ")]
    assert [int(seq) for _, seq, *_ in events] == list(range(1, len(events) + 1))
    assert (events[0][2], events[-1][3]) == ENDED
    assert len(failed) + len(events) == len(lines)


async def test_curl_does_the_same(served: Served, tmp_path: Path) -> None:
    output = await output_of(served, tmp_path, "bash", "-euo", "pipefail", "-c", CURL)
    page, *events = [line for line in output.splitlines() if "{" in line]
    assert '"hasNextPage":true' in page and '"value":5' in page
    assert '"seq":1' in events[0] and '"toState":"SUCCESS","terminal":true' in events[-1]


def test_no_program_of_the_document_is_left_out() -> None:
    assert PROGRAMS.keys() == {"urql.mjs", "apollo.mjs", "relay.mjs", "gql_client.py"}
