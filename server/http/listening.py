"""Options of a listening socket that end connections of clients who stopped reading."""

import socket

_IDLE = 60


def let_go_of_the_dead(listening: socket.socket, seconds: float) -> None:
    """Connections accepted from it are dropped by the kernel when sent data is not taken for so long.

    Closing waits for what is buffered to be sent, which to such a client is never: no timeout of ours ends that.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE)
