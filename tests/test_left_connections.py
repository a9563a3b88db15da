"""A failed test that leaves a connection open fails, and does not block the run."""

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, socket, sys, warnings
from tests.conftest import pytest_asyncio_loop_factories

class Accepts(asyncio.Protocol):
    def connection_made(self, transport):
        accepted.set_result(transport)

async def leave(kind):
    server = await loop.create_server(Accepts, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    if kind == "accepted":
        return server, socket.create_connection(address), await accepted
    connection, _ = await loop.create_connection(asyncio.Protocol, *address)
    return server, connection

warnings.simplefilter("error")
loop = pytest_asyncio_loop_factories()["uvloop"]()
accepted = loop.create_future()
left = loop.run_until_complete(leave(sys.argv[1]))
if sys.argv[1] == "closing":
    left[1].close()
loop.close()
print("closed")
"""


@pytest.mark.parametrize("kind", ["open", "closing", "accepted"])
def test_the_loop_of_tests_closes_though_a_connection_is_left_open(kind: str) -> None:
    # In a process of its own: nothing ends a loop that waits in C.
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.stdout == "closed\n", done.stderr
