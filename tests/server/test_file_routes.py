"""Files are given out, and shown, to who has the permission, and to nobody else."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from models.viewer import Permission, Viewer
from runner.artifacts import ArtifactStore
from runner.store.database import Database
from server.files import FileRoom, file_routes
from tests.server.test_export_routes import Let

NONE = "art_01h455vb4pex5vsknk084sn02q"


@pytest.mark.parametrize(
    "path",
    [
        f"/artifacts/{NONE}",
        f"/artifacts/{NONE}/preview",
        "/executions/exec_01h455vb4pex5vsknk084sn02q/inputs/data",
        "/executions/exec_01h455vb4pex5vsknk084sn02q/inputs/data/preview",
    ],
)
async def test_files_need_the_permission_of_what_they_belong_to(
    database: Database, tmp_path: Path, path: str
) -> None:
    room = FileRoom(database.pool, ArtifactStore(str(tmp_path)), 1)
    for permissions, status in (
        (frozenset(Permission) - {Permission.VIEW_EXECUTION}, 403),
        (frozenset({Permission.VIEW_EXECUTION}), 404),
    ):
        viewer = Viewer("user:x", frozenset(), permissions)
        app = Starlette(routes=file_routes(room), middleware=[Middleware(Let, viewer=viewer)])
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            assert (await http.get(path)).status_code == status
