"""The commands on a server's machine reach the server also when it listens on an unusual address."""

from pathlib import Path

import httpx
import pytest

from tests.api.servers import serving
from tests.api.test_cli import headway

BEYOND = {"HEADWAY_EXTERNAL_URL": "https://headway.example", "HEADWAY_TRUSTED_PROXIES": "10.0.0.2"}


@pytest.mark.parametrize("host", ["127.0.0.2", "0.0.0.0", "::1"])
async def test_commands_reach_the_server_wherever_it_listens(tmp_path: Path, host: str) -> None:
    with serving(tmp_path / "data", "--host", host, env=BEYOND) as served:
        assert (await headway(served, "doctor"))[0] == 0
        assert (await headway(served, "token"))[1].startswith("https://headway.example/login?")
        async with httpx.AsyncClient(base_url=served.url) as http:
            found = await http.get("/", headers={"host": "elsewhere.example"})
            assert found.status_code == 403
