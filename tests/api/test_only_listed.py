"""A server that accepts only listed documents: the page and the command line work on it, and other documents do not."""

import asyncio
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from graphql import parse

from headway.client import Client as Recorder
from headway.recording import RECORDED, Recording
from server.cli.documents import FILE, written
from server.document_policy import BUILT_IN
from server.graphql.persisted import Listed, digest_of
from tests.api.servers import Served, start
from tests.api.test_cli import headway

ROOT: Final = Path(__file__).parents[2]
GENERATED: Final = ROOT / "frontend/src/shared/graphql/gen/graphql.ts"
PRINT: Final = """import { print } from "graphql"; import { readFileSync } from "node:fs";
const text = readFileSync(process.argv[1], "utf8");
const found = [...text.matchAll(/^export const (\\w+) = (\\{.*\\}) as unknown as/gm)];
const operations = found.map(([, name, tree]) => [name, JSON.parse(tree)])
  .filter(([, tree]) => tree.definitions.some(({ kind }) => kind === "OperationDefinition"));
console.log(JSON.stringify(Object.fromEntries(operations.map(([name, tree]) => [name, print(tree)]))));"""
FLOW: Final = """id: listed
namespace: listed
tasks: [{id: a, type: shell, run: echo hello}]
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("listed")
    documents = folder / "documents"
    documents.mkdir()
    (documents / "mine.graphql").write_text("query Mine { viewer { version } }")
    served = start(
        folder / "data",
        env={
            "HEADWAY_PERSISTED_DOCUMENTS": str(documents),
            "HEADWAY_ONLY_PERSISTED_DOCUMENTS": "true",
            "HEADWAY_INTROSPECTION": "off",
            "HEADWAY_FIELD_SUGGESTIONS": "false",
        },
    )
    yield served
    served.stop()


def test_the_list_of_the_command_line_is_current() -> None:
    assert FILE.read_text() == written(), "run python -m server.cli.documents"
    code = "\n".join(path.read_text() for path in (ROOT / "headway").glob("*.py"))
    assert set(re.findall(r'"((?:record|finish)[A-Z]\w+)"', code)) == {*RECORDED, "recordExecution"}


async def test_documents_of_the_page_are_listed() -> None:
    process = await asyncio.create_subprocess_exec(
        "node", "--input-type=module", "-e", PRINT, str(GENERATED),
        cwd=ROOT / "frontend", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    texts = json.loads(output)
    listed = Listed.read(BUILT_IN)
    assert len(texts) > 40
    assert [
        name for name, text in texts.items() if digest_of(parse(text)) not in listed.digests
    ] == []


async def test_the_command_line_works(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "listed.yaml"
    path.write_text(FLOW)
    said: dict[str, str] = {}

    async def does(*arguments: str) -> str:
        code, output, errors = await headway(served, *arguments)
        assert code == 0, (arguments, errors)
        said[arguments[0]] = output
        return output

    await does("flows", "push", str(path))
    await does("flows", "list")
    id = re.findall(r"exec_\w+", await does("run", "listed/listed", "--follow"))[0]
    await does("show", id)
    await does("logs", id, "--follow")
    await does("ls", "--json")
    await does("note", id, "well done")
    await does("set-labels", id, "team=data")
    await does("archive", id)
    await does("unarchive", id)
    await does("audit")
    await does("doctor")
    assert "hello" in said["logs"]


async def test_a_recording_works(served: Served) -> None:
    def record() -> list[dict[str, Any]]:
        client = Recorder(served.url, served.token)
        with Recording("recorded", namespace="listed", client=client) as recording:
            recording.log_metric("loss", 1.0)
        return list(client.executions(namespace="listed"))

    assert await asyncio.to_thread(record)


async def test_nothing_else_is_answered(served: Served) -> None:
    headers = {"authorization": f"Bearer {served.token}"}
    evil = (
        'mutation { deleteFlow(input: {namespace: "listed", key: "listed"}) { problems { code } } }'
    )
    async with httpx.AsyncClient(base_url=served.url, headers=headers) as http:
        for text in ("{ viewer { version } }", evil, "{ __schema { queryType { name } } }"):
            hashed = {
                "persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}
            }
            for body in ({"query": text}, {"query": text, "extensions": hashed}):
                answer = (await http.post("/graphql", json=body)).json()
                (error,) = answer["errors"]
                assert error["extensions"]["code"] == "DOCUMENT_NOT_LISTED"
                assert "persisted_documents" in error["message"]
            answer = (await http.post("/graphql", json={"extensions": hashed})).json()
            assert answer["errors"][0]["message"] == "PersistedQueryNotFound"
        mine = {"query": "query Mine{viewer{version}}"}
        assert (await http.post("/graphql", json=mine)).json()["data"]["viewer"]["version"]
    _, output, _ = await headway(served, "flows", "list")
    assert "listed" in output
