"""Downloads as a browser or a program requests them: authorised, complete, or refused with nothing sent."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pypdf import PdfReader

from tests.api.client import Client
from tests.api.people import person
from tests.api.servers import Served
from tests.api.test_cli import headway
from tests.api.test_files import http
from tests.api.test_search import two

FLOW = """id: {key}
namespace: exporting.{key}
inputs: [{{id: formula, type: STRING, default: "=1+1"}}]
labels: {{team: "=cmd|' /C calc'!A0", part: {key}}}
tasks:
  - id: measure
    type: python
    script: |
      import headway
      for step in range(20):
          headway.metric("loss", 1 / (step + 1), step=step)
      headway.property(lr=-0.5, title="-text", name="Größe 東京")
      print("\\x1b[31mred\\x1b[0m Grüße")
      print("plain")
  - {{id: say, type: log, needs: [measure], message: "said {{{{ inputs.formula }}}}"}}
"""
LIST = """query ($search: String, $where: ExecutionFilter, $orderBy: ExecutionOrder) {
  executions(search: $search, where: $where, orderBy: $orderBy, first: 200) {
    nodes { id name namespace flowKey state createdAt duration labels { key value } } } }"""


async def one(client: Client) -> tuple[str, str]:
    key = f"x{uuid4().hex[:8]}"
    id = (await client.run(FLOW.format(key=key)))["id"]
    await client.until_ended(id)
    return key, id


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


async def get(served: Served, path: str, **parameters: Any) -> httpx.Response:
    async with http(served) as http_client:
        return await http_client.get(path, params=parameters)


async def test_an_export_equals_the_list(client: Client, served: Served) -> None:
    part, _ = await two(client)
    here = f"namespace:searching.{part}"
    mine = {"namespace": {"eq": f"searching.{part}"}}
    requests: list[dict[str, Any]] = [
        {"search": here},
        {"search": f"{here} state:failed"},
        {"search": f"{here} metric:loss<0.3", "orderBy": "DURATION_ASC"},
        {"where": mine, "orderBy": "FLOW_ASC"},
        {"where": {"and": [mine, {"hasError": True}]}, "search": "space"},
        {"where": {"or": [mine, {"id": []}]}, "orderBy": "ENDED_DESC"},
        {"where": {"not": mine}, "search": here},
        {},
    ]
    for arguments in requests:
        nodes = (await client.post(LIST, **arguments))["executions"]["nodes"]
        parameters = dict(arguments)
        if "where" in parameters:
            parameters["where"] = json.dumps(parameters["where"])
        as_csv = await get(served, "/executions/export.csv", **parameters)
        as_json = await get(served, "/executions/export.json", **parameters)
        lines = [json.loads(line) for line in as_json.text.splitlines()]
        ids = [node["id"] for node in nodes]
        assert [row["id"] for row in rows_of(as_csv.text)][: len(ids)] == ids, arguments
        assert [line["id"] for line in lines][: len(ids)] == ids, arguments
        if arguments:
            assert len(rows_of(as_csv.text)) == len(lines) == len(ids)
        for line, node in zip(lines, nodes, strict=False):
            assert (line["name"], line["namespace"], line["flow"], line["state"]) == (
                node["name"], node["namespace"], node["flowKey"], node["state"],
            )  # fmt: skip
            assert line["createdAt"] == node["createdAt"]
            assert line["labels"] == {label["key"]: label["value"] for label in node["labels"]}


async def test_a_formula_is_text_and_a_number_a_number(client: Client, served: Served) -> None:
    key, id = await one(client)
    columns = "id,input.formula,label.team,property.lr,property.title,property.name,metric.loss"
    answer = await get(
        served, "/executions/export.csv", search=f"label.part:{key}", columns=columns
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="executions-')
    assert disposition.endswith('.csv"')
    assert answer.text == (
        f"{columns}\r\n{id},'=1+1,'=cmd|' /C calc'!A0,-0.5,'-text,Größe 東京,0.05\r\n"
    )
    answer = await get(
        served, "/executions/export.json", search=f"label.part:{key}", columns=columns
    )
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert json.loads(answer.text) == {
        "id": id,
        "input.formula": "=1+1",
        "label.team": "=cmd|' /C calc'!A0",
        "property.lr": -0.5,
        "property.title": "-text",
        "property.name": "Größe 東京",
        "metric.loss": 0.05,
    }


@pytest.mark.parametrize(
    ("parameters", "extensions"),
    [
        ({"search": "flow:x kinf:y"}, {"path": ["search"], "line": 1, "column": 8}),
        ({"where": "{"}, {"path": ["where"]}),
        ({"where": '{"flo": {"eq": "x"}}'}, {"path": ["where"]}),
        ({"where": "3"}, {"path": ["where"]}),
        ({"where": '{"createdAt": {"gt": "2026"}}'}, {"path": ["where"]}),
        ({"orderBy": "NAME"}, {"path": ["orderBy"]}),
        ({"columns": "id,nothing"}, {"path": ["columns"]}),
        ({"columns": "metric.\0"}, {"path": ["columns"]}),
        ({"serach": "state:failed"}, {}),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "json"])
async def test_a_mistake_is_refused_with_nothing_sent(
    served: Served, ending: str, parameters: dict[str, str], extensions: dict[str, Any]
) -> None:
    answer = await get(served, f"/executions/export.{ending}", **parameters)
    assert answer.status_code == 400
    assert "content-disposition" not in answer.headers
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "VALIDATION", **extensions}
    assert error["message"]


PATHS = [
    "/executions/export.csv",
    "/executions/export.json",
    "/executions/exec_x/record.json",
    "/executions/exec_x/logs.txt",
    "/executions/exec_x/report.pdf",
    "/executions/report.pdf",
]


@pytest.mark.parametrize("path", PATHS)
async def test_exports_need_credentials(served: Served, path: str) -> None:
    async with httpx.AsyncClient(base_url=served.url) as http_client:
        answer = await http_client.get(path)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


RECORD = """query ($id: ID!) { execution(id: $id) {
  id name state seq progress inputs outputs labels { key value } properties createdAt endedAt priority disabledTasks
  createdBy { kind name } git { commit }
  taskRuns { id key state outputs attempts { id number state worker startedAt exitCode } }
  approvals { id state message votes { actor { kind name } decision comment } }
  notes { id seq author { kind name } text at }
  metrics { name value kind step tags at taskRunId taskKey attempt }
  artifacts { id name version uri digest size direction }
  events(first: 200) { id seq type at fromState toState attempt actor { kind name } channel reason
                       causedBy data terminal }
  logs(first: 200) { nodes { line at level stream text taskRunId taskKey attempt } } } }"""
APPROVED = """id: {key}
namespace: exporting.{key}
tasks:
  - {{id: ask, type: approval, message: "may it?"}}
"""


def within(expected: Any, given: Any) -> None:
    """Checks that everything in GraphQL's answer is in the record, with the same names."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            within(value, given[name])
    elif isinstance(expected, list):
        assert len(expected) == len(given)
        for one, other in zip(expected, given, strict=True):
            within(one, other)
    else:
        assert expected == given


async def test_a_record_is_all_that_graphql_says(client: Client, served: Served) -> None:
    _, id = await one(client)
    await client.post(
        'mutation ($id: ID!) { addNote(input: {id: $id, text: "=look"}) { problems { message } } }',
        id=id,
    )
    queried = (await client.post(RECORD, id=id))["execution"]
    answer = await get(served, f"/executions/{id}/record.json", logs="true")
    assert answer.headers["content-disposition"] == f'attachment; filename="{id}.json"'
    assert answer.headers["content-type"] == "application/json"
    given = answer.json()
    parts = {name: queried.pop(name) for name in ("taskRuns", "approvals", "notes", "metrics")}
    parts |= {name: queried.pop(name) for name in ("artifacts", "events")}
    lines = queried.pop("logs")["nodes"]
    within(queried, given["execution"])
    within(parts, given)
    within(lines, given["logs"])
    assert len(lines) == 3 and len(parts["metrics"]) == 20 and len(parts["notes"]) == 1
    without = (await get(served, f"/executions/{id}/record.json")).json()
    assert list(without) == [name for name in given if name != "logs"]


async def test_a_record_has_votes(client: Client, served: Served) -> None:
    id = (await client.run(APPROVED.format(key=f"x{uuid4().hex[:8]}")))["id"]
    await client.until(id, ask="WAITING_FOR_APPROVAL")
    (task,) = (await client.show(id))["taskRuns"]
    decided = await client.mutate("approve", approvalId=task["approval"]["id"], comment="fine")
    assert decided["problems"] == []
    await client.until_ended(id)
    queried = (await client.post(RECORD, id=id))["execution"]["approvals"]
    (approval,) = (await get(served, f"/executions/{id}/record.json")).json()["approvals"]
    within(queried, [approval])
    assert approval["taskRunId"] == task["id"]
    assert [vote["comment"] for vote in approval["votes"]] == ["fine"]


def parts_of(text: str) -> tuple[list[str], str]:
    """Returns the lines, after checking that the last line is true of them."""
    *lines, last = text.splitlines(keepends=True)
    digest = sha256("".join(lines).encode()).hexdigest()
    assert last == f"# {len(lines)} lines, sha256 of them {digest}\n"
    return [line.split(" ", 1)[1] for line in lines], digest


async def test_a_log_is_text(client: Client, served: Served) -> None:
    _, id = await one(client)
    path = f"/executions/{id}/logs.txt"
    answer = await get(served, path)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{id}.log.txt"'
    red, plain, said = (
        "INFO  measure: red Grüße\n",
        "INFO  measure: plain\n",
        "INFO  say: said =1+1\n",
    )
    assert parts_of(answer.text)[0] == [red, plain, said]
    assert parts_of((await get(served, path, order="task")).text)[0] == [red, plain, said]
    assert parts_of((await get(served, path, task="say")).text)[0] == [said]
    assert parts_of((await get(served, path, level="error")).text)[0] == []
    assert parts_of((await get(served, path, attempt="2")).text)[0] == []
    kept = parts_of((await get(served, path, ansi="true", task="measure")).text)[0]
    assert kept == ["INFO  measure: \x1b[31mred\x1b[0m Grüße\n", plain]


@pytest.mark.parametrize(
    ("path", "parameters", "status", "code", "way"),
    [
        ("logs.txt", {"task": "none"}, 400, "VALIDATION", ["task"]),
        ("logs.txt", {"order": "size"}, 400, "VALIDATION", ["order"]),
        ("logs.txt", {"level": "LOUD"}, 400, "VALIDATION", ["level"]),
        ("logs.txt", {"attempt": "0"}, 400, "VALIDATION", ["attempt"]),
        ("logs.txt", {"attempt": "10000000000"}, 400, "VALIDATION", ["attempt"]),
        ("logs.txt", {"ansi": "yes"}, 400, "VALIDATION", ["ansi"]),
        ("logs.txt", {"lines": "3"}, 400, "VALIDATION", None),
        ("record.json", {"logs": "1"}, 400, "VALIDATION", ["logs"]),
        ("record.json", {"log": "true"}, 400, "VALIDATION", None),
    ],
)
async def test_a_mistake_about_one_execution_is_refused(
    client: Client, served: Served, path: str, parameters: Any, status: int, code: str, way: Any
) -> None:
    id = (await client.run(APPROVED.format(key=f"x{uuid4().hex[:8]}")))["id"]
    answer = await get(served, f"/executions/{id}/{path}", **parameters)
    assert (answer.status_code, "content-disposition" in answer.headers) == (status, False)
    extensions = answer.json()["errors"][0]["extensions"]
    assert (extensions["code"], extensions.get("path")) == (code, way)


@pytest.mark.parametrize("path", ["record.json", "logs.txt", "report.pdf"])
@pytest.mark.parametrize(
    "id", ["exec_01h455vb4pex5vsknk084sn02q", "flow_01h455vb4pex5vsknk084sn02q", "x"]
)
async def test_missing_executions_are_not_found(served: Served, path: str, id: str) -> None:
    answer = await get(served, f"/executions/{id}/{path}")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


async def test_a_report_is_a_download(client: Client, served: Served) -> None:
    _, first = await one(client)
    _, second = await one(client)
    answer = await get(served, f"/executions/{first}/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{first}.pdf"'
    text = pdf_text(answer.content)
    for words in (first, "SUCCESS", "measure", "say", "loss", "Größe", "=1+1", "UTC"):
        assert words in text, words
    assert str(served.data_dir) not in text
    answer = await get(served, "/executions/report.pdf", ids=f"{first},{second}")
    assert answer.status_code == 200
    text = "".join(pdf_text(answer.content).split())
    assert first in text and second in text


@pytest.mark.parametrize("ids", ["", "ONE", "ONE,ONE", ",".join("abcdef")])
async def test_comparisons_take_two_to_five_executions(served: Served, ids: str) -> None:
    answer = await get(served, "/executions/report.pdf", ids=ids)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["message"] == "ids must be 2 to 5 different executions, separated by commas"


def pdf_text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


async def test_every_export_checks_roles(client: Client, served: Served) -> None:
    async with asyncpg.create_pool(served.database_url, min_size=1, max_size=1) as pool:
        nobody = await person(pool, client, role="nobody")
        viewer = await person(pool, client, role="viewer")
    _, id = await one(client)
    async with httpx.AsyncClient(base_url=served.url) as http_client:
        for path in PATHS:
            address = path.replace("exec_x", id)
            answer = await http_client.get(
                address, headers={"authorization": f"Bearer {nobody.token}"}
            )
            assert answer.status_code == 403, path
            assert answer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
            answer = await http_client.get(
                address, headers={"authorization": f"Bearer {viewer.token}"}
            )
            assert answer.status_code == (400 if path == "/executions/report.pdf" else 200), path


async def test_the_command_line_writes_files(
    client: Client, served: Served, tmp_path: Path
) -> None:
    key, id = await one(client)
    path = tmp_path / "out.csv"
    search = f"label.part:{key}"
    text = await headway(
        served, "export", search, "--column", "id", "--column", "label.team", "-o", str(path)
    )
    assert text == (0, "", "")
    assert path.read_bytes() == f"id,label.team\r\n{id},'=cmd|' /C calc'!A0\r\n".encode()
    code, output, _ = await headway(
        served, "export", search, "--format", "jsonl", "--order", "flow"
    )
    assert code == 0 and json.loads(output)["id"] == id
    pdf = tmp_path / "out.pdf"
    assert await headway(served, "report", id, "-o", str(pdf)) == (0, "", "")
    assert id in pdf_text(pdf.read_bytes())
    wrong = await headway(served, "export", "stat:failed", "-o", str(tmp_path / "none.csv"))
    assert wrong[0] == 1 and wrong[2].startswith("error: there is no field `stat`")
    assert wrong[2].count("column") == 1 and wrong[2].endswith("(column 1)\n")
    wrong = await headway(served, "report", id, "exec_none", "-o", str(pdf))
    assert wrong[0] == 1 and wrong[2].startswith("error: no execution exec_none")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.csv", "out.pdf"]
