"""How artifacts are downloaded and previewed; no content of a previewed file is executed."""

import base64
from typing import Any

import asyncpg
import httpx
import pytest

from models.access.viewer import Scope
from models.ids import new_id, untyped
from runner.store.artifacts import files
from runner.store.artifacts.files import UploadedFile
from runner.store.postgres.database import Database
from server.files.file_responses import SHOWN
from tests.api.client import Client
from tests.api.servers import Served
from tests.runner.stored import store_execution

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FLOW = f"""id: shown
namespace: acme.shown
tasks:
  - id: makes
    type: python
    script: |
      import base64
      from pathlib import Path
      for name in ("note.md", "page.html", "draw.svg", "table.csv", "value.json"):
          Path(name).write_text("<script>alert(1)</script>")
      Path("dot.png").write_bytes(base64.b64decode("{base64.b64encode(PNG).decode()}"))
      Path("model.bin").write_bytes(b"\\0" * 10)
      Path("exact.txt").write_bytes(b"x" * {SHOWN})
      Path("long.txt").write_bytes(b"x" * {SHOWN - 1} + "üüü".encode())
      Path("odd.txt").write_bytes(b"\\x80" * {SHOWN + 9})
      Path("empty.txt").write_bytes(b"")
    artifacts: [{{path: "*.*"}}]
  - {{id: names, type: shell, run: 'echo ''{{"artifact": {{"uri": "s3://b/else.png"}}}}'' >&"$HEADWAY_FD"'}}
"""
ARTIFACTS = """query ($id: ID!) { execution(id: $id) { artifacts {
  id name downloadUrl previewUrl artifact { id downloadUrl previewUrl } } } }"""


async def artifacts(client: Client, id: str) -> dict[str, dict[str, Any]]:
    data = await client.post(ARTIFACTS, id=id)
    return {one["name"]: one for one in data["execution"]["artifacts"]}


@pytest.fixture
async def made(client: Client) -> dict[str, dict[str, Any]]:
    execution = await client.until_ended((await client.run(FLOW))["id"])
    assert execution["state"] == "SUCCESS", execution
    return await artifacts(client, execution["id"])


def http(served: Served) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=served.url, headers={"authorization": f"Bearer {served.token}"}
    )


async def test_every_stored_file_has_a_preview_of_its_type(
    served: Served, made: dict[str, dict[str, Any]]
) -> None:
    kinds = {
        "note.md": "text/plain", "page.html": "text/plain", "draw.svg": "text/plain", "table.csv": "text/plain",
        "value.json": "text/plain", "exact.txt": "text/plain", "long.txt": "text/plain", "odd.txt": "text/plain",
        "empty.txt": "text/plain", "dot.png": "image/png", "model.bin": None, "else.png": None,
    }  # fmt: skip
    assert made.keys() == kinds.keys()
    async with http(served) as http_client:
        for name, kind in kinds.items():
            one, of = made[name], made[name]["artifact"]
            held = name != "else.png"
            for artifact in (one, of):
                assert artifact["downloadUrl"] == (
                    f"/artifacts/{artifact['id']}" if held else None
                ), name
                shown = f"/artifacts/{artifact['id']}/preview"
                assert artifact["previewUrl"] == (shown if kind else None), name
                answer = await http_client.get(shown)
                if kind is None:
                    assert answer.status_code == (415 if held else 404), name
                    assert not held or artifact["downloadUrl"] in answer.text
                    continue
                assert answer.status_code == 200, answer.text
                assert answer.headers["content-type"].split(";")[0] == kind
                assert answer.headers["content-security-policy"].startswith(
                    "sandbox; default-src 'none'"
                )
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["content-disposition"].startswith("inline; ")
                download = await http_client.get(artifact["downloadUrl"])
                assert download.headers["content-disposition"].startswith("attachment; ")
                cut = f"{len(answer.content)}/{len(download.content)}"
                whole = answer.content == download.content
                assert answer.headers.get("headway-cut") == (None if whole else cut), name
                assert download.content.startswith(answer.content)


async def test_a_file_that_many_have_read_is_still_given_out(
    served: Served, client: Client, made: dict[str, dict[str, Any]]
) -> None:
    of = made["note.md"]["artifact"]
    connection = await asyncpg.connect(served.database_url)
    await connection.execute(
        """insert into artifact_uses (id, artifact_id, execution_id, path, direction, uri, properties, created_at)
           select id, artifact_id, execution_id, 'reader' || id, 'IN', uri, properties, now()
           from (select unnest($2::uuid[]) as id) made, lateral (
             select artifact_id, execution_id, uri, properties from artifact_uses where id = $1) used""",
        untyped("use", made["note.md"]["id"]),
        [new_id() for _ in range(400)],
    )
    await connection.close()
    query = "query ($id: ID!) { node(id: $id) { ... on Artifact { downloadUrl } } }"
    assert (await client.post(query, id=of["id"]))["node"] == {"downloadUrl": of["downloadUrl"]}
    async with http(served) as http_client:
        assert (await http_client.get(of["downloadUrl"])).status_code == 200


async def test_a_text_is_cut_between_characters(
    served: Served, made: dict[str, dict[str, Any]]
) -> None:
    async with http(served) as http_client:
        sizes = {
            name: len((await http_client.get(made[name]["previewUrl"])).content)
            for name in ("exact.txt", "long.txt", "odd.txt", "empty.txt")
        }
    assert sizes == {
        "exact.txt": SHOWN,
        "long.txt": SHOWN - 1,
        "odd.txt": SHOWN - 4,
        "empty.txt": 0,
    }


async def test_previews_need_the_permission_to_download(
    served: Served, made: dict[str, dict[str, Any]]
) -> None:
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        for name in ("downloadUrl", "previewUrl"):
            assert (await stranger.get(made["note.md"][name])).status_code == 401
    async with http(served) as http_client:
        for id in ("art_01h455vb4pex5vsknk084sn02q", "nothing", "..%2f..%2ftoken"):
            assert (await http_client.get(f"/artifacts/{id}/preview")).status_code == 404


TAKES = """id: takes
namespace: acme.shown
inputs: [{id: data, type: FILE}, {id: word, type: STRING, default: text}, {id: "other", type: JSON, default: {}}]
tasks: [{id: a, type: log, message: hi}]
"""


async def test_a_file_that_is_an_input_is_given_back(served: Served, client: Client) -> None:
    async with http(served) as http_client:
        file = (await http_client.post("/files", params={"name": "a.csv"}, content=b"a,b\n")).json()
        id = (await client.run(TAKES, inputs={"data": file["id"]}))["id"]
        answer = await http_client.get(f"/executions/{id}/inputs/data")
        assert (answer.status_code, answer.content) == (200, b"a,b\n")
        assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a.csv"
        shown = await http_client.get(f"/executions/{id}/inputs/data/preview")
        assert (shown.content, shown.headers["content-type"]) == (
            b"a,b\n",
            "text/plain; charset=utf-8",
        )
        for path in (
            f"{id}/inputs/word", f"{id}/inputs/none", f"{id}/inputs/other", f"{id}/inputs/%00",
            "exec_01h455vb4pex5vsknk084sn02q/inputs/data", "x/inputs/data",
        ):  # fmt: skip
            for ending in ("", "/preview"):
                assert (await http_client.get(f"/executions/{path}{ending}")).status_code == 404, (
                    path
                )
    async with httpx.AsyncClient(base_url=served.url) as stranger:
        assert (await stranger.get(f"/executions/{id}/inputs/data")).status_code == 401


@pytest.mark.parametrize(
    ("scope", "of", "status"),
    [
        (None, None, 200),
        (("acme.shown",), None, 200),
        (("acme.other",), None, 404),
        (None, ("acme.other",), 404),
        (("acme.shown",), ("acme.shown",), 200),
    ],
)
async def test_an_input_file_is_downloaded_by_those_who_may_see_it(
    database: Database, scope: tuple[str, ...] | None, of: tuple[str, ...] | None, status: int
) -> None:
    """`of` are the namespaces that the uploader may see."""
    id = await store_execution(database.pool)
    await database.pool.execute(
        """update executions set namespace = 'acme.shown', inputs = '{"data": "file:///x"}' where id = $1""", id,
    )  # fmt: skip
    file = UploadedFile(new_id(), "x", "file:///x", "sha256:0", 1, Scope(of), "user:a")
    await files.store(database.pool, file)
    found = await files.find_input(database.pool, Scope(scope), id, "data")
    assert found == (file if status == 200 else None)
