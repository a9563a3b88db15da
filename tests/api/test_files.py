"""`POST /files`, FILE inputs, `GET /artifacts/{id}`."""

import os
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.client import Client
from tests.api.servers import HEADWAY, Served, serving

FLOW = """
id: reads
namespace: acme.files
inputs: [{id: data, type: FILE, required: true}]
tasks:
  - id: copy
    type: shell
    env: {FROM: "{{ inputs.data }}"}
    run: |
      cp "${FROM#file://}" report.html
      ln -s /etc/passwd leads-out || true
      echo '{"artifact": {"uri": "file:///etc/passwd", "name": "elsewhere"}}' >&"$HEADWAY_FD"
      echo '{"artifact": {"uri": "'"${FROM%/files/*}"'/../token", "name": "token"}}' >&"$HEADWAY_FD"
    artifacts: [{path: report.html, name: "reports/a b.html"}]
"""
CONTENT = b"<h1>\x00 numbers</h1>\n" * 10_000


def http(served: Served, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=served.url, headers={"authorization": f"Bearer {served.token}", **headers}
    )


async def rows_of(served: Served) -> list[Any]:
    connection = await asyncpg.connect(served.database_url)
    try:
        rows: list[Any] = await connection.fetch("select id from files order by id")
    finally:
        await connection.close()
    return rows


async def artifacts_of(client: Client, id: str) -> dict[str, str]:
    data = await client.post(
        "query ($id: ID!) { execution(id: $id) { artifacts { id name } } }", id=id
    )
    return {one["name"]: one["id"] for one in data["execution"]["artifacts"]}


@pytest.mark.parametrize("way", ["raw", "form"])
async def test_a_file_is_uploaded_and_its_result_downloaded(
    served: Served, client: Client, way: str
) -> None:
    async with http(served) as http_client:
        if way == "raw":
            answer = await http_client.post("/files", params={"name": "a/b.csv"}, content=CONTENT)
        else:
            answer = await http_client.post("/files", files={"it": ("a/b.csv", CONTENT)})
        assert answer.status_code == 201, answer.text
        file = answer.json()
        assert file["id"].startswith("file_")
        assert (file["name"], file["size"]) == ("b.csv", len(CONTENT))
        assert file["sha256"] == sha256(CONTENT).hexdigest()
        execution = await client.run(FLOW, inputs={"data": file["id"]})
        assert execution["inputs"] == {"data": file["uri"]}
        assert (await client.until_ended(execution["id"]))["state"] == "SUCCESS"
        found = await artifacts_of(client, execution["id"])
        given = await http_client.get(f"/artifacts/{found['reports/a b.html']}")
    assert given.status_code == 200
    assert given.content == CONTENT
    assert given.headers["content-type"].startswith("text/html")
    assert given.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.html"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-length"] == str(len(CONTENT))


async def test_only_files_of_the_store_are_downloaded(served: Served, client: Client) -> None:
    async with http(served) as http_client:
        file = (await http_client.post("/files", content=b"x")).json()
        execution = await client.run(FLOW, inputs={"data": file["id"]})
        await client.until_ended(execution["id"])
        found = await artifacts_of(client, execution["id"])
        for id in (
            found["elsewhere"],
            found["token"],
            "art_01h455vb4pex5vsknk084sn02q",
            file["id"],
            "..%2f..%2ftoken",
            "nothing",
        ):
            answer = await http_client.get(f"/artifacts/{id}")
            assert answer.status_code == 404, id
            assert answer.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
    async with httpx.AsyncClient() as stranger:
        kept = found["reports/a b.html"]
        assert (await stranger.get(f"{served.url}/artifacts/{kept}")).status_code == 401
        assert (await stranger.post(f"{served.url}/files", content=b"x")).status_code == 401


@pytest.mark.parametrize(
    "value",
    ["file_01h455vb4pex5vsknk084sn02q", "file:///etc/passwd", "nothing", "", 5, {"uri": "x"}],
)
async def test_a_file_that_was_not_uploaded_is_refused(client: Client, value: Any) -> None:
    await client.save(FLOW)
    payload = await client.mutate(
        "createExecution", namespace="acme.files", flow="reads", inputs={"data": value}
    )
    assert payload["execution"] is None
    (problem,) = payload["problems"]
    assert (problem["code"], problem["path"]) == ("VALIDATION", ["inputs", "data"])


async def test_a_page_elsewhere_and_a_viewer_may_not_upload(served: Served) -> None:
    viewer = subprocess.run(
        [HEADWAY, "token", "create", "only-sees", "--role", "viewer"],
        env={**os.environ, "HEADWAY_DATA_DIR": str(served.data_dir)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    before = await rows_of(served)
    async with http(served, origin="https://elsewhere.example") as http_client:
        answer = await http_client.post("/files", content=b"x")
        assert answer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN_ORIGIN"}
    async with http(served, authorization=f"Bearer {viewer}") as http_client:
        answer = await http_client.post("/files", content=b"x")
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]) == (
            403,
            {"code": "FORBIDDEN"},
        )
    assert await rows_of(served) == before


@pytest.mark.parametrize(
    ("body", "headers", "name"),
    [
        (b"no form at all", {"content-type": "multipart/form-data; boundary=x"}, "a"),
        (b"no form at all", {"content-type": "multipart/form-data"}, "a"),
        (b"x", {}, ".."),
        (b"x", {}, "a\nb"),
    ],
)
async def test_bad_uploads_are_refused(
    served: Served, body: bytes, headers: dict[str, str], name: str
) -> None:
    before = await rows_of(served)
    async with http(served) as http_client:
        answer = await http_client.post(
            "/files", params={"name": name}, content=body, headers=headers
        )
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]) == (
        400,
        {"code": "VALIDATION"},
    )
    assert await rows_of(served) == before


async def test_a_file_has_a_limit_and_the_command_line_uploads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_bytes(b"few")
    large.write_bytes(b"m" * 2000)
    flow = tmp_path / "flow.yaml"
    flow.write_text(FLOW)

    async def chunks() -> Any:
        for _ in range(20):
            yield b"m" * 100

    monkeypatch.setenv("HEADWAY_MAX_FILE_SIZE", "1000")
    with serving(tmp_path / "data") as served:
        env = {**os.environ, "HEADWAY_DATA_DIR": str(served.data_dir)}

        def run(path: Path) -> "subprocess.CompletedProcess[str]":
            words: list[str | Path] = [HEADWAY, "run", flow, "-i", f"data=@{path}", "--follow"]
            return subprocess.run(words, env=env, capture_output=True, text=True, check=False)

        assert run(small).returncode == 0
        assert run(tmp_path / "none.csv").stderr.startswith("error: cannot read ")
        refused = run(large)
        sentence = "a file may have at most 1000 bytes; the setting is max_file_size"
        assert (refused.returncode, refused.stderr) == (1, f"error: {sentence}\n")
        async with http(served) as http_client:
            form = {"it": ("large", b"m" * 1001)}
            answers = [
                await http_client.post("/files", content=chunks()),
                await http_client.post("/files", files=form),
            ]
        assert [answer.status_code for answer in answers] == [413, 413]
        assert len(await rows_of(served)) == 1
