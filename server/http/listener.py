"""The HTTP server of a process: its socket, and uvicorn with measured settings."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn

from server.http.connections import Connections
from server.http.protocols import protocols
from server.http.socket_options import drop_dead_clients

_SEND_TIMEOUT = 30.0
_START_BACKLOG = 128
"""Connections that the system holds until the server has started."""


class PortTaken(Exception):
    """Another program listens on the port."""


def listen(host: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            backlog=_START_BACKLOG,
        )
    except OSError as error:
        raise PortTaken(
            f"cannot listen on {host}:{port} ({error.strerror}); stop the program that does, or pass --port"
        ) from error
    # asyncio sets it only on sockets with an explicit protocol; without it each small frame may be delayed by 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    drop_dead_clients(listening, _SEND_TIMEOUT)
    return listening


class Listener(uvicorn.Server):
    """Leaves signal handling to `serve`."""

    def __init__(self, app: Callable[..., Awaitable[None]], connections: Connections) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                **protocols(connections),
                ws_per_message_deflate=False,
                ws_max_size=256 * 1024,
                lifespan="off",
                log_level="warning",
                # Any client can send X-Forwarded-For; `server.http.forwarded` uses it if a trusted proxy sent it.
                proxy_headers=False,
                access_log=False,
                server_header=False,
                backlog=connections.limits.backlog,
                timeout_graceful_shutdown=5,
            )
        )
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
