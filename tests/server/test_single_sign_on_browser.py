"""Signing in through an issuer on another site, in a real browser: strict cookies must work at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from runner.store.postgres.database import Database
from tests.server.issuer import issuing
from tests.server.single_sign_on import housed, settings_for

WITHIN = 45
FINDER = Path(__file__).resolve().parents[2] / "scripts" / "browser.sh"


class Browser:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._number = connection, 0

    async def post(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        await self._connection.send(json.dumps(message))
        while True:
            answer = json.loads(await self._connection.recv())
            if answer.get("id") == self._number:
                return answer.get("result", {})

    async def text(self) -> str:
        found = await self.post(
            "Runtime.evaluate", expression="location.href + ' ' + (document.body || {}).innerText"
        )
        return str(found.get("result", {}).get("value", ""))

    async def shows(self, wanted: str) -> str:
        async with asyncio.timeout(WITHIN):
            while wanted not in (text := await self.text()):
                pass
        return text


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Browser]:
    found = await asyncio.create_subprocess_exec(FINDER, stdout=asyncio.subprocess.PIPE)
    path = (await found.communicate())[0].decode().strip()
    program = await asyncio.create_subprocess_exec(
        path, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
        f"--user-data-dir={folder}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert program.stderr
        async with asyncio.timeout(WITHIN):
            while b"DevTools listening on " not in (line := await program.stderr.readline()):
                assert line, "the browser ended"
        browser = line.decode().split()[-1]
        async with connect(browser) as whole:
            targets = (await Browser(whole).post("Target.getTargets"))["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        async with connect(f"{browser.partition('/devtools')[0]}/devtools/page/{page}") as tab:
            yield Browser(tab)
    finally:
        program.terminate()
        await program.communicate()


@pytest.mark.timeout(150)
async def test_a_browser_that_comes_back_from_another_site_is_signed_in(
    database: Database, tmp_path: Path
) -> None:
    async with (
        issuing("localhost") as issuer,
        housed(database, settings_for(issuer)) as house,
        browsing(tmp_path / "profile") as browser,
    ):
        issuer.by_page = True
        await browser.post("Page.navigate", url=f"{house.own}/login/oidc?next=/who")
        await browser.shows("/authorize?")
        await browser.post("Runtime.evaluate", expression="document.getElementById('on').click()")
        assert "user:maria" in await browser.shows(f"{house.own}/who")
