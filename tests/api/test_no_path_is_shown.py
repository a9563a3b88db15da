"""No answer, export or report shows a path of the server's disk, wherever a task, a file or an error put one.

The queries are generated from the contract, so new fields are included.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)
from pypdf import PdfReader

from tests.api.client import Client, task
from tests.api.servers import Served

CONTRACT = build_schema((Path(__file__).parents[2] / "schema" / "schema.graphql").read_text())
CHILD = """id: child-of-paths
namespace: acme.paths
inputs: [{id: data, type: FILE, required: true}]
tasks:
  - {id: say, type: log, message: "child got {{ inputs.data }}"}
outputs: {data: "{{ inputs.data }}"}
"""
FLOW = """id: paths
namespace: acme.paths
inputs: [{id: data, type: FILE, required: true}]
on_failure: FINISH_POSSIBLE
tasks:
  - id: everywhere
    type: shell
    env: {DATA: "{{ inputs.data }}"}
    run: |
      pwd; echo "got $DATA"; >&2 echo "env $HEADWAY_INPUT $PYTHONPATH"
      printf '\\033[36m%s/cyan\\033[0m\\ngcc -I%s/include é%s/accent\\n' "$PWD" "$PWD" "$PWD"
      cp "${DATA#file://}" "copy of.csv"
      report() { echo "$1" >&"$HEADWAY_FD"; }
      report '{"output": {"place": "'"$PWD"'", "data": "'"$DATA"'", "deep": [{"'"$PWD"'": ["'"$DATA"'"]}]}}'
      report '{"property": {"place": "'"$PWD"'/model"}}'
      report '{"label": {"place": "'"$PWD"'"}}'
      report '{"progress": 0.5, "message": "reading '"$DATA"'"}'
      report '{"metric": {"name": "m", "value": 1, "tags": {"file": "'"$DATA"'"}}}'
      report '{"artifact": {"path": "copy of.csv", "properties": {"from": "'"$DATA"'"}}}'
      report '{"artifact": {"uri": "'"$DATA"'", "name": "used", "direction": "IN"}}'
      report '{"artifact": {"uri": "file://'"$PWD"'/x", "name": "named"}}'
      report '{"git": {"commit": "abc", "repository": "file://'"$PWD"'"}}'
      report '{"artifact": {"path": "'"$PWD"'/none"}}' || true
  - {id: said, type: log, needs: [everywhere], message: "{{ outputs.everywhere.place }}"}
  - id: each
    type: foreach
    items: ["{{ inputs.data }}"]
    tasks: [{id: one, type: log, message: "{{ item }}"}]
  - {id: sub, type: subflow, flow: child-of-paths, inputs: {data: "{{ inputs.data }}"}}
  - {id: fails, type: python, script: "open(__file__ + '/x')"}
  - {id: wrong, type: shell, run: "true", artifacts: [{path: ../../x}]}
  - {id: bad, type: log, message: "{{ outputs.everywhere.place / 2 }}", needs: [everywhere]}
  - {id: asks, type: approval, needs: [said], message: "Release {{ inputs.data }}?"}
outputs: {place: "{{ outputs.everywhere.place }}"}
"""
REPLAYS = """query ($id: ID!) { executions(first: 1, where: {namespace: {eq: "acme.paths"}}) { nodes { id } }
  execution(id: $id) { id } }"""
LOGS = """subscription ($id: ID!) { logs(executionId: $id) { lines { text } complete sha256 } }"""
_DEPTH = 3


def selection(kind: GraphQLObjectType, depth: int) -> str:
    """Selects all fields without required arguments, down to this depth."""
    fields = "".join(
        part for name, field in kind.fields.items() if (part := selected(name, field, depth))
    )
    return f"{{ __typename {fields} }}"


def of(kind: str, depth: int) -> str:
    found = CONTRACT.get_type(kind)
    assert isinstance(found, GraphQLObjectType), kind
    return selection(found, depth)


def selected(name: str, field: GraphQLField, depth: int) -> str:
    """Returns the selection of a field; empty if it needs arguments or is too deep."""
    if any(is_required_argument(argument) for argument in field.args.values()):
        return ""
    kind = get_named_type(field.type)
    page = "(first: 5)" if "first" in field.args else ""
    if is_leaf_type(kind):
        return f"{name} "
    # The nodes of a page are in its edges too.
    if not isinstance(kind, GraphQLObjectType) or not depth or name == "edges":
        return ""
    # Executions and flows within others show their own fields only: the rest is selected on them directly.
    below = 0 if kind.name in ("Execution", "Flow") else depth - 1
    return f"{name}{page} {selection(kind, below)} "


def parts_of(kind: str, depth: int) -> Iterator[tuple[str, str]]:
    """Returns each field of a type as a selection of its own: together they would cost too much."""
    found = CONTRACT.get_type(kind)
    assert isinstance(found, GraphQLObjectType)
    for name, field in found.fields.items():
        if part := selected(name, field, depth):
            yield name, part


@dataclass(frozen=True)
class Executions:
    """The ids with which the queries select executions, and the texts that must not be in an answer."""

    execution: dict[str, Any]
    beginning: str
    folders: tuple[str, ...]

    def check(self, answer: str, what: str) -> None:
        for folder in self.folders:
            at = answer.find(folder)
            assert at < 0, f"{what} shows {answer[max(0, at - 200) : at + 200]!r}"


@pytest.fixture(scope="module")
def shown_executions(served: Served) -> Executions:
    """Creates the executions once: tests only read them."""
    with asyncio.Runner() as runner:
        return runner.run(_executions(served.client, served))


async def _executions(client: Client, served: Served) -> Executions:
    async with http(served) as http_client:
        file = (
            await http_client.post("/files", params={"name": "orders.csv"}, content=b"a,b\n")
        ).json()
        folder = str(served.data_dir)
        assert file["uri"] == f"headway:///files/{file['id']}/orders.csv"
    await client.save(CHILD)
    execution = await client.run(FLOW, inputs={"data": file["uri"]})
    id = execution["id"]
    begun = await client.post("query ($id: ID!) { execution(id: $id) { cursor } }", id=id)
    execution = await client.until(
        id, asks="WAITING_FOR_APPROVAL", sub="SUCCESS", fails="FAILED", wrong="FAILED", bad="ERROR"
    )
    await client.mutate("addNote", id=id, text=f"see {folder}/x and {file['uri']}")
    approval = task(execution, "asks")["approval"]["id"]
    await client.mutate("approve", approvalId=approval, comment=f"{folder}/artifacts/y is fine")
    ended = await client.until_ended(id)
    await client.mutate("replayExecution", id=id, fromTask="said")
    return Executions(
        ended, begun["execution"]["cursor"], (folder, str(Path(folder).resolve()), "file:///")
    )


def http(served: Served) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=served.url, headers={"authorization": f"Bearer {served.token}"}, timeout=60
    )


async def test_no_part_of_an_execution_shows_a_path(
    client: Client, served: Served, shown_executions: Executions
) -> None:
    id, seen = shown_executions.execution["id"], ""
    for name, part in parts_of("Execution", _DEPTH):
        for query in (
            f"execution(id: $id) {{ {part} }}",
            f"execution(id: $id, at: 40) {{ {part} }}",
        ):
            answer = await client.answer(f"query ($id: ID!) {{ {query} }}", id=id)
            assert "errors" not in answer, (name, answer["errors"])
            seen += json.dumps(answer, ensure_ascii=False)
    shown_executions.check(seen, "the execution")
    for said in (
        "…/work/", "got headway:///files/", "headway:///exec_", "/everywhere/1/copy of.csv",
        "Release headway:///files/",
        "/cyan", "gcc -I…/", "é…/",
    ):  # fmt: skip
        assert said in seen, said


@pytest.mark.parametrize(
    "query",
    [
        'executions(first: 20, where: {namespace: {eq: "acme.paths"}}) { nodes %Execution 1% }',
        "artifacts(first: 20) { nodes %Artifact 2% }",
        "lineage(of: $id) %LineageGraph 3%",
        "compareExecutions(ids: [$id, $other]) %Comparison 3%",
        "auditLog(first: 200) { nodes %AuditEvent 1% }",
        "approvals(first: 50) { nodes %Approval 1% }",
        "flows(first: 100) { nodes %Flow 1% }",
        "facets(field: LABEL, first: 50) %Facet 1%",
        "workers %Worker 1%",
        'debugExpression(taskRunId: $run, expression: "inputs.data") %ExpressionResult 1%',
    ],
)
async def test_no_other_query_shows_a_path(
    client: Client, shown_executions: Executions, query: str
) -> None:
    other = (await client.post(REPLAYS, id=shown_executions.execution["id"]))["executions"][
        "nodes"
    ][0]["id"]
    run = task(shown_executions.execution, "everywhere")["id"]
    query = re.sub(r"%(\w+) (\d)%", lambda found: of(found[1], int(found[2])), query)
    head = "query ($id: ID!, $other: ID!, $run: ID!) { execution(id: $id) { id } "
    head += "a: execution(id: $other) { id } node(id: $run) { id } "
    answer = await client.answer(
        f"{head} {query} }}", id=shown_executions.execution["id"], other=other, run=run
    )
    assert "errors" not in answer, answer["errors"]
    shown_executions.check(json.dumps(answer, ensure_ascii=False), query[:40])


@pytest.mark.parametrize(
    "path",
    [
        "/executions/export.csv?columns=id,inputs,outputs,properties,failureMessage,input.data,property.place,git",
        "/executions/export.json?search=namespace:acme.paths",
        "/executions/{id}/record.json?logs=true",
        "/executions/{id}/logs.txt",
        "/executions/{id}/logs.txt?order=task&ansi=true",
    ],
)
async def test_no_export_shows_a_path(
    served: Served, shown_executions: Executions, path: str
) -> None:
    async with http(served) as http_client:
        answer = await http_client.get(path.format(id=shown_executions.execution["id"]))
    assert answer.status_code == 200, answer.text
    shown_executions.check(answer.text, path)
    assert "headway:///files/file_" in answer.text


async def test_no_report_shows_a_path(served: Served, shown_executions: Executions) -> None:
    async with http(served) as http_client:
        answer = await http_client.get(f"/executions/{shown_executions.execution['id']}/report.pdf")
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    shown_executions.check("".join(text.split()), "the report")
    assert "orders.csv" in text


async def test_no_stream_shows_a_path(client: Client, shown_executions: Executions) -> None:
    id = shown_executions.execution["id"]
    texts: list[str] = []
    async with client.subscribe(LOGS, id=id) as messages:
        async for data in messages:
            shown_executions.check(json.dumps(data, ensure_ascii=False), "the log")
            texts += [line["text"] for line in data["logs"]["lines"]]
    digest = sha256("".join(f"{text}\n" for text in texts).encode()).hexdigest()
    assert data["logs"]["sha256"] == digest
    events = f"subscription ($id: ID!) {{ executionEvents(id: $id) {of('ExecutionEvent', 1)} }}"
    async with client.subscribe(events, id=id) as messages:
        async for data in messages:
            shown_executions.check(json.dumps(data, ensure_ascii=False), "an event")
    changes = (
        "subscription ($id: ID!, $after: String) { executionChanges(id: $id, after: $after) "
        f"{of('ExecutionChange', 1)} }}"
    )
    seen = ""
    async with client.subscribe(changes, id=id, after=shown_executions.beginning) as messages:
        async for data in messages:
            seen += json.dumps(data, ensure_ascii=False)
            # Files may come in a message of their own after the last event.
            is_last = data["executionChanges"]["seq"] >= shown_executions.execution["seq"]
            if is_last and "headway:///exec_" in seen:
                break
    shown_executions.check(seen, "a change")
    assert "headway:///exec_" in seen


def refused() -> Iterator[tuple[str, str]]:
    """Yields each text argument of a query or subscription with a file URI, as a document with `$file`."""
    for kind in (CONTRACT.query_type, CONTRACT.subscription_type):
        assert kind is not None
        for name, field in kind.fields.items():
            texts = [
                argument
                for argument, of in field.args.items()
                if get_named_type(of.type).name in ("ID", "String") and not is_list(of.type)
            ]
            required = {argument for argument, of in field.args.items() if is_required_argument(of)}
            inner = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename }"
            for argument in texts if required <= {*texts} else []:
                given = ", ".join(f"{one}: $file" for one in {argument, *required})
                kinds = {get_named_type(field.args[one].type).name for one in {argument, *required}}
                if len(kinds) == 1:
                    head = "query" if kind is CONTRACT.query_type else "subscription"
                    yield head, f"{head} ($file: {kinds.pop()}!) {{ {name}({given}) {inner} }}"


def is_list(kind: Any) -> bool:
    return is_list_type(get_nullable_type(kind))


async def test_no_refusal_shows_a_path(
    client: Client, served: Served, shown_executions: Executions
) -> None:
    seen = []
    for kind, document in refused():
        if kind == "query":
            answer = json.dumps(await client.answer(document, file="headway:///x"))
        else:
            answer = await first_message(client, document, file="headway:///x")
        shown_executions.check(answer, document)
        seen.append(answer)
    assert any("no execution" in answer for answer in seen), seen
    assert sum("headway:///x" in answer for answer in seen) > 5
    columns = (
        "query ($names: [String!]!) { executions(first: 1) { nodes { columns(names: $names) } } }"
    )
    answer = json.dumps(await client.answer(columns, names=["headway:///x and headway:///exec_"]))
    shown_executions.check(answer, "columns")
    assert "there is no column" in answer
    async with http(served) as http_client:
        for name in ("columns", "orderBy", "orderByValue", "search", "where"):
            refusal = await http_client.get(
                "/executions/export.csv", params={name: "headway:///x and headway:///exec_"}
            )
            shown_executions.check(refusal.text, name)


async def first_message(client: Client, document: str, **variables: Any) -> str:
    """Returns the first message of a subscription; its error if it has one."""
    try:
        async with asyncio.timeout(2), client.subscribe(document, **variables) as messages:
            return json.dumps(await anext(messages, None))
    except TimeoutError:
        return ""
    except AssertionError as refusal:
        return str(refusal)


async def test_the_shown_uri_of_a_file_finds_it(
    client: Client, served: Served, shown_executions: Executions
) -> None:
    shown = shown_executions.execution["inputs"]["data"]
    found = await client.post(
        "query ($search: String!) { executions(search: $search) { nodes { id } } }",
        search=f'input.data:"{shown}"',
    )
    assert shown_executions.execution["id"] in [one["id"] for one in found["executions"]["nodes"]]
    async with http(served) as http_client:
        log = await http_client.get(
            f"/executions/{shown_executions.execution['id']}/logs.txt",
            params={"text": f"got {shown}"},
        )
    assert f"got {shown}" in log.text
    again = await client.create("acme.paths/child-of-paths", inputs={"data": shown})
    ended = await client.until_ended(again["id"])
    assert (ended["state"], ended["outputs"]) == ("SUCCESS", {"data": shown})
