"""A server that exports tens of thousands of rows keeps few of them in memory, and releases a client that
disconnects."""

import asyncio
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import psutil

from tests.api.servers import Served, serving
from tests.api.test_files import http
from tests.server.test_exports import seed

COUNT = 20_000
COLUMNS = "id,name,state,createdAt,labels,properties,inputs"
PATH = f"/executions/export.json?columns={COLUMNS}"
MEGABYTE = 1024 * 1024


async def test_rows_pass_through(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--no-worker") as served:
        connection = await asyncpg.connect(served.database_url)
        try:
            await seed(connection, COUNT)
            await whole(served)
            await stalled(served, connection)
        finally:
            await connection.close()


async def whole(served: Served) -> None:
    process = psutil.Process(served.process.pid)
    async with http(served) as http_client:
        assert (await http_client.get(f"{PATH}&search=state:error")).status_code == 200
        before = peak = process.memory_info().rss
        lines = size = 0
        async with http_client.stream("GET", PATH, timeout=60) as answer:
            async for chunk in answer.aiter_bytes():
                lines, size = lines + chunk.count(b"\n"), size + len(chunk)
                peak = max(peak, process.memory_info().rss)
    assert lines == COUNT
    assert size > 9 * MEGABYTE
    assert peak - before < size / 2


async def stalled(served: Served, connection: Any) -> None:
    """The export keeps its rows while nobody reads, and ends its transaction when the client disconnects."""
    parts = urlsplit(served.url)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((parts.hostname, parts.port))
    head = f"GET {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {served.token}\r\n\r\n"
    client.sendall(head.encode())
    assert (await asyncio.to_thread(client.recv, 100)).startswith(b"HTTP/1.1 200 OK")
    await until(connection, 1)
    async with http(served) as http_client:
        answer = await http_client.get("/executions/export.csv?search=state:error&columns=id")
        assert answer.status_code == 200
    client.close()
    await until(connection, 0)


async def until(connection: Any, wanted: int) -> None:
    """Waits until so many transactions are open that ran no statement for a second."""
    async with asyncio.timeout(30):
        while await connection.fetchval(_RESTING) != wanted:
            pass


_RESTING = """
select count(*) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'
  and clock_timestamp() - state_change > interval '1 second'
"""
