"""A task that writes its secrets to every output; then everything readable is read, and the database searched."""

import json
import os
import subprocess
from typing import Any

import asyncpg
import pytest

from tests.api.client import PROBLEM, Client, task
from tests.api.servers import HEADWAY, Served

API_KEY = "hunter2-\"quoted\"-and-'single'-$dollar\\back"
INPUT = "given-by-hand-4711"
KEY_LINES = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\nq9zTfirstLine\n-----END KEY-----\n"
NUMBER = "90125771"
SECRETS = {"API_KEY": API_KEY, "PEM": KEY_LINES, "PIN": NUMBER}
PLAIN = [
    API_KEY,
    API_KEY.split('"', maxsplit=1)[0],
    INPUT,
    "MIIEowIBAAKCAQEA",
    "q9zTfirstLine",
    NUMBER,
]

FLOW = """
id: leaks
namespace: acme.leaks
inputs:
  - {id: password, type: SECRET, required: true}
tasks:
  - id: leak
    type: python
    env: {API_KEY: "{{ secrets.API_KEY }}", PEM: "{{ secrets.PEM }}", PIN: "{{ secrets.PIN }}"}
    args: {password: "{{ inputs.password }}", all: "{{ inputs }}"}
    script: |
      import json, os, sys, time
      import headway
      assert headway.args["all"] == {"password": headway.args["password"]}
      said = {name: os.environ[name] for name in ("API_KEY", "PEM", "PIN")}
      said["password"] = headway.args["password"]
      for pipe in (1, 2):
          for value in said.values():
              text = f"it is {value} indeed\\n".encode()
              half = len(text) // 2
              os.write(pipe, text[:half])
              time.sleep(0.05)
              os.write(pipe, text[half:])
          os.write(pipe, ("x" * 32760 + said["password"] + "y" * 32760).encode())
          time.sleep(0.05)
          os.write(pipe, (said["API_KEY"] * 5000 + "\\n").encode())
      headway.output(**said, nested={said["password"]: [said["PEM"], int(said["PIN"])]})
      headway.property(**said)
      headway.metric("m", 1, tags=said)
      headway.metric(said["password"], 1)
      headway.progress(0.5, said["API_KEY"])
      headway.label(quality=said["PIN"])
      open("kept.txt", "w").write("fine")
      headway.artifact("kept.txt", name=said["password"], properties=said)
      headway.artifact("kept.txt", type=said["PIN"], version=said["password"])
      with open(os.environ["HEADWAY_FILE"], "a") as file:
          file.write("no json " * 20 + said["API_KEY"] + "\\n" + json.dumps({"progress": said["password"]}) + "\\n")
      print(said, file=sys.stderr)
      sys.exit(said["PEM"] + said["API_KEY"])
  - {id: shell, type: shell, run: "set -x; echo {{ secrets.API_KEY }} {{ inputs.password }}; exit 1",
     allow_failure: true}
  - {id: fail, type: fail, message: "no: {{ secrets.API_KEY }} {{ inputs.password }}", allow_failure: true}
  - {id: give, type: return, outputs: {all: "{{ secrets.PEM }}", pin: "{{ secrets.PIN | int }}"}}
  - {id: log, type: log, message: "{{ secrets.PEM }}"}
  - {id: wrong, type: log, message: "{{ secrets.API_KEY | int + secrets.PEM }}", allow_failure: true}
  - {id: ask, type: http, url: "http://{{ secrets.PIN }}.invalid/{{ inputs.password | urlencode }}",
     headers: {authorization: "Bearer {{ secrets.PIN }}"}, allow_failure: true}
on_failure: FINISH_POSSIBLE
"""
EVERYTHING = """query ($id: ID!) { execution(id: $id) {
  id name inputs outputs properties labels { key value } metrics { name tags } logs(first: 200) { nodes { text } }
  artifacts { name type version uri properties } events { data reason }
  failure { message logLine }
  taskRuns { key state inputs outputs message error { message }
    attempts { number outputs properties error { message } } } } }"""


async def save(client: Client, name: str, value: str, namespace: str = "acme") -> dict[str, Any]:
    data = await client.post(
        "mutation ($input: SaveSecretInput!) { saveSecret(input: $input) { "
        f"secret {{ namespace name updatedBy {{ name }} }} {PROBLEM} }} }}",
        input={"namespace": namespace, "name": name, "value": value},
    )
    payload: dict[str, Any] = data["saveSecret"]
    return payload


async def everything_in(database_url: str) -> str:
    """Returns every row of every table, as text."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "select tablename from pg_tables where schemaname = 'public' order by 1"
        )
        found = [
            await connection.fetchval(f"select string_agg(t::text, E'\\n') from {table[0]} t")
            for table in tables
        ]
    finally:
        await connection.close()
    return "\n".join(filter(None, found))


def shown(text: str) -> list[str]:
    spelled = [(plain, {plain, json.dumps(plain)[1:-1]}) for plain in PLAIN]
    return [plain for plain, ways in spelled if any(way in text for way in ways)]


async def test_a_secret_is_nowhere_in_the_clear(client: Client, served: Served) -> None:
    for name, value in SECRETS.items():
        assert (await save(client, name, value))["problems"] == []
    execution = await client.run(FLOW, inputs={"password": INPUT})
    id = execution["id"]
    assert execution["inputs"] == {"password": "****"}
    events = [event async for event in client.events(id)]
    ended = await client.until_ended(id)
    read = (await client.post(EVERYTHING, id=id))["execution"]
    assert shown(json.dumps([execution, events, ended, read])) == []
    assert shown(await everything_in(served.database_url)) == []
    kept = "".join(
        f"{file} {file.read_text(errors='replace')}"
        for file in served.data_dir.rglob("*")
        if file.is_file() and "pg" not in file.relative_to(served.data_dir).parts[:1]
    )
    assert shown(kept) == []

    run = task(read, "leak")
    assert run["state"] == "FAILED"
    masked = {
        "API_KEY": "****",
        "PEM": "****\n****\n****\n****\n",
        "PIN": "****",
        "password": "****",
    }
    attempt = run["attempts"][-1]
    outputs = attempt["outputs"]
    assert {name: outputs[name] for name in masked} == masked
    assert outputs["nested"] == {"****": [masked["PEM"], "****"]}
    assert attempt["properties"] == masked
    assert [metric["tags"] for metric in read["metrics"]] == [masked, {}]
    assert [metric["name"] for metric in read["metrics"]] == ["m", "****"]
    assert run["inputs"]["args"] == {"password": "****", "all": {"password": "****"}}
    assert run["message"] == "****"
    lines = [line["text"] for line in read["logs"]["nodes"]]
    assert lines.count("it is **** indeed") >= 6
    assert task(read, "give")["outputs"] == {"all": masked["PEM"], "pin": "****"}
    assert task(read, "fail")["error"]["message"] == "no: **** ****"


async def test_names_are_listed_and_inherited_and_deleted(client: Client) -> None:
    assert (await save(client, "DEEP", "of the parent", "deep"))["secret"] == {
        "namespace": "deep",
        "name": "DEEP",
        "updatedBy": {"name": "admin"},
    }
    await save(client, "DEEP", "of the child", "deep.est")
    await save(client, "OTHER", "of another", "deeper")
    found = await client.post('{ secrets(namespace: "deep.est.a") { namespace name } }')
    assert found["secrets"] == [{"namespace": "deep.est", "name": "DEEP"}]
    delete = """mutation { deleteSecret(input: {namespace: "deep.est", name: "DEEP"}) {
      secret { name } problems { code message } } }"""
    assert (await client.post(delete))["deleteSecret"] == {
        "secret": {"name": "DEEP"},
        "problems": [],
    }
    (problem,) = (await client.post(delete))["deleteSecret"]["problems"]
    assert problem["code"] == "NOT_FOUND"
    found = await client.post('{ secrets(namespace: "deep.est.a") { namespace name } }')
    assert found["secrets"] == [{"namespace": "deep", "name": "DEEP"}]


@pytest.mark.parametrize(
    ("namespace", "name", "value", "path", "message"),
    [
        ("acme", "1A", "long enough", ["name"], "the name of a secret must be 1 to 100"),
        ("Acme", "A", "long enough", ["namespace"], "a namespace must be parts of"),
        (
            "acme",
            "A",
            "abc",
            ["value"],
            "the value of a secret must have a line of at least 4 characters",
        ),
        (
            "acme",
            "A",
            "abc\nabc\n",
            ["value"],
            "the value of a secret must have a line of at least 4 characters",
        ),
        ("acme", "A", "x" * 20_000, ["value"], "the value of a secret must have at most"),
    ],
)
async def test_invalid_secrets_are_refused(
    client: Client, namespace: str, name: str, value: str, path: list[str], message: str
) -> None:
    before = await client.post("{ secrets { namespace name updatedAt } }")
    (problem,) = (await save(client, name, value, namespace))["problems"]
    assert (problem["code"], problem["path"]) == ("VALIDATION", path)
    assert problem["message"].startswith(message)
    assert value not in problem["message"]
    assert await client.post("{ secrets { namespace name updatedAt } }") == before


async def test_a_missing_secret_says_how_to_save_it(client: Client) -> None:
    flow = (
        "id: missing\nnamespace: acme.leaks\ntasks:\n"
        '  - {id: a, type: log, message: "{{ secrets.NOT_THERE }}"}\n'
    )
    execution = await client.run(flow)
    ended = await client.until_ended(execution["id"])
    assert ended["state"] == "ERROR"
    assert ended["failure"]["message"] == (
        "acme.leaks has no secret NOT_THERE, nor have the namespaces above it; "
        "save it: headway secret set acme.leaks NOT_THERE"
    )


async def test_an_encrypted_input_cannot_be_forged(client: Client, served: Served) -> None:
    await client.save(FLOW)
    for forged in ({"$secret": "x.y"}, 5, "abc"):
        payload = await client.mutate(
            "createExecution", namespace="acme.leaks", flow="leaks", inputs={"password": forged}
        )
        assert payload["execution"] is None
        (problem,) = payload["problems"]
        assert problem["path"] == ["inputs", "password"]
        assert problem["message"].startswith("password must ")


async def test_secrets_need_the_permission_manage(client: Client, served: Served) -> None:
    token = subprocess.run(
        [HEADWAY, "token", "create", "no-secrets", "--role", "editor"],
        env={**os.environ, "HEADWAY_DATA_DIR": str(served.data_dir)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    editor = Client(served.url, token)
    (problem,) = (await save(editor, "A", "long enough"))["problems"]
    assert problem["code"] == "FORBIDDEN"
    answer = await editor.answer("{ secrets { name } }")
    assert "MANAGE" in answer["errors"][0]["message"]


async def test_the_command_line_never_needs_a_value_as_argument(served: Served) -> None:
    def headway(*words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [HEADWAY, "secret", *words],
            input=given,
            check=False,
            env={**os.environ, "HEADWAY_DATA_DIR": str(served.data_dir)},
            capture_output=True,
            text=True,
        )

    assert headway("set", "cli.a", "TOKEN", given="from a pipe\n").stdout == (
        "the secret TOKEN of cli.a was saved\n"
    )
    listed = headway("list", "cli.a.b").stdout
    assert listed.startswith("cli.a  TOKEN  saved ")
    assert "pipe" not in listed
    refused = headway("set", "cli.a", "TOKEN", given="abc")
    assert (refused.returncode, refused.stderr) == (
        1,
        "error: the value of a secret must have a line of at least 4 characters, or it could not be masked\n",
    )
    assert headway("delete", "cli.a", "TOKEN").returncode == 0
    assert headway("list", "cli.a").stdout == ""


async def test_the_key_is_for_its_owner_alone(served: Served) -> None:
    assert (served.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600
