"""The whole app over the database of a `House`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.applications import Starlette

from runner.denials import Denials
from runner.files.artifact_store import ArtifactStore
from runner.store.access.holders import Holders
from server.app import POLICIES, create_app, create_operations
from server.auth.auth import Door
from server.auth.login import Login
from server.files.files import FileRoom
from server.graphql.fanout import Fanout
from server.process.readiness import Readiness
from tests.access.house import House
from tests.server.graphql.serving import KEY, running


@dataclass
class Served:
    app: Starlette
    port: int

    def client(self, token: str | None) -> httpx.AsyncClient:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=headers)


@asynccontextmanager
async def served(house: House, data_dir: Path) -> AsyncIterator[Served]:
    parts = house.parts
    door = Door(Holders(parts.database.reads), KEY)
    room = FileRoom(parts.database.reads, ArtifactStore(str(data_dir / "kept")), 1000)
    async with Denials(parts.database.reads) as denials:
        operations = create_operations(parts, denials=denials)
        login = Login(parts.database.reads, door, denials)
        async with (
            Fanout(operations, POLICIES) as fanout,
            Readiness(parts.database, parts.feed) as readiness,
        ):
            app = create_app(parts, operations, fanout, door, login, room, readiness)
            async with running(app) as port:
                yield Served(app, port)
            fanout.stop()
