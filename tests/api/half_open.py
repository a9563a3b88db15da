"""Connections that begin a request and never finish it, as an attacker opens them."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

HALF_A_HEAD = b"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: "


class HalfOpen:
    def __init__(self, port: int) -> None:
        self._port = port
        self._sockets: list[socket.socket] = []

    def open(self, count: int, said: bytes = HALF_A_HEAD) -> None:
        """Opens connections; those that the server refuses or resets at once count too."""
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", self._port), 10)
            self._sockets.append(one)
            with suppress(OSError):
                one.sendall(said)

    def ended(self) -> int:
        """Returns how many connections the server has closed."""
        return sum(map(_is_ended, self._sockets))

    def wait_until_ended(self, count: int, within: float) -> None:
        deadline = time.monotonic() + within
        for one in self._sockets:
            while self.ended() < count:
                assert time.monotonic() < deadline, f"{self.ended()} of {count} were closed"
                one.settimeout(0.2)
                with suppress(OSError):
                    one.recv(1, socket.MSG_PEEK)

    def close(self) -> None:
        for one in self._sockets:
            one.close()


def _is_ended(one: socket.socket) -> bool:
    one.setblocking(False)
    try:
        while piece := one.recv(65536):
            assert piece
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def half_open(port: int) -> Iterator[HalfOpen]:
    held = HalfOpen(port)
    try:
        yield held
    finally:
        held.close()
