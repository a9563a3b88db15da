"""A relay between a server and its database, which can drop everything or refuse everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, quote, urlsplit

PIECE = 64 * 1024


class Relay:
    """A socket that is relayed to that of a database."""

    def __init__(self, url: str, folder: Path) -> None:
        (upstream,) = parse_qs(urlsplit(url).query)["host"]
        self.url = url.replace(quote(upstream, safe=""), quote(str(folder), safe=""))
        assert self.url != url
        self._upstream, self._path = Path(upstream) / ".s.PGSQL.5432", folder / ".s.PGSQL.5432"
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._relay, self._path)

    def silence(self) -> None:
        """Behaves like a network that drops everything: connections stay, new ones are made, nothing passes."""
        self._flows.clear()

    async def refuse(self) -> None:
        """Behaves like a database that is gone: connections break, no new ones are made."""
        self._server.close()
        self._path.unlink(missing_ok=True)
        for writer in self._writers:
            writer.transport.abort()

    async def restore(self) -> None:
        self._flows.set()
        if not self._server.is_serving():
            await self.open()

    async def close(self) -> None:
        await self.refuse()
        self._flows.set()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(self._upstream))
        both = {writer, back}
        self._writers |= both
        pumps = [
            asyncio.ensure_future(self._pump(*way)) for way in ((reader, back), (there, writer))
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers -= both
            for pump in pumps:
                pump.cancel()
            for one in both:
                one.transport.abort()
            await asyncio.wait(pumps)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()


@asynccontextmanager
async def relay(url: str) -> AsyncIterator[Relay]:
    # Not in pytest's folder: the path of a socket may have 107 bytes.
    with TemporaryDirectory(prefix="relay") as folder:
        made = Relay(url, Path(folder))
        await made.open()
        try:
            yield made
        finally:
            await made.close()
