"""`headway serve` reports contradictory settings in one line."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.api.servers import HEADWAY

WITHIN = 55.0
ISSUER = {"HEADWAY_OIDC_ISSUER": "https://id.example", "HEADWAY_OIDC_CLIENT_ID": "headway"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"HEADWAY_OIDC_ISSUER": "https://id.example"}, "oidc_client_id"),
        (ISSUER | {"HEADWAY_OIDC_ROLES": "ops=none"}, "oidc_roles names the role none"),
        ({"HEADWAY_TRUSTED_USER_HEADER": "X-User"}, "trusted_proxies"),
        ({"HEADWAY_ALLOWED_HOSTS": "https://headway.example"}, "without scheme and port"),
    ],
)
async def test_a_server_says_in_a_line_which_settings_will_not_do(
    database_url: str, tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    command = ("serve", "--port", "0", "--data-dir", tmp_path, "--database-url", database_url)
    process = await asyncio.create_subprocess_exec(
        HEADWAY, *command, env=os.environ | settings, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(WITHIN):
        _, errors = await process.communicate()
    assert process.returncode == 2, errors.decode()
    *_, last = errors.decode().splitlines()
    assert last.startswith("error: ") and sentence in last
    assert "Traceback" not in errors.decode()
