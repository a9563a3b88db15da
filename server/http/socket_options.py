"""Socket options that end connections of clients that stopped reading."""

import socket

_IDLE = 60


def drop_dead_clients(listening: socket.socket, seconds: float) -> None:
    """Makes the kernel drop accepted connections whose client does not acknowledge sent data for `seconds`.

    Closing a socket waits until buffered data is sent, which never happens with such a client; no timeout of ours ends
    that.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE)
