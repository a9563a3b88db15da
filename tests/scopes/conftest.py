from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.people import enrolled
from tests.scopes.stage import Stage, open_stage


@pytest.fixture
async def stage(database_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with open_stage(database_url, tmp_path) as stage:
        for name in ("ada", "eve", "zoe"):
            await enrolled(stage.pool, name, "admin")
        yield stage
