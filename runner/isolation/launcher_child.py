"""The process that starts tasks' programs under their confinement. It has one thread and little memory, so it may fork
where a server may not, and its forks are cheap. `python -m runner.isolation.launcher_child` reads orders from its
stdin, a socket, and ends when that does.

What it starts becomes a child of the worker: its own child starts it and ends, and the worker takes orphans in.
"""

import fcntl
import json
import os
import signal
import socket
from typing import NoReturn

from runner.isolation.confinement import Order

DESCRIPTORS = 5
"""Sent with each order: the order itself, where to tell what became of it, stdout, stderr, and the pipe of messages."""
MESSAGES = 3
"""The number of the pipe of messages in the program."""
_BEYOND = 64
"""Numbers below may be those that the program gets."""
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)
_NOT_STARTED = 127
_SHOWN = 500
"""Characters: what is told goes through the pipe as a whole."""


def main() -> None:
    with socket.socket(fileno=os.dup(0)) as door:
        while True:
            said, received, *_ = socket.recv_fds(door, 1, DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
            if not said:
                return
            descriptors = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, _BEYOND) for one in received]
            for one in received:
                os.close(one)
            between = os.fork()
            if not between:
                _start_and_leave(descriptors)
            for one in descriptors:
                os.close(one)
            os.waitpid(between, 0)


def _start_and_leave(descriptors: list[int]) -> NoReturn:
    telling = descriptors[1]
    try:
        started = os.fork()
        if not started:
            _become(*descriptors)
        os.write(telling, b"%d\n" % started)
    finally:
        os._exit(0)


def _become(ordered: int, telling: int, stdout: int, stderr: int, messages: int) -> NoReturn:
    """The program; what hinders it is told, with the step that failed."""
    step = "confine"
    try:
        order = Order.read(json.loads(os.pread(ordered, os.fstat(ordered).st_size, 0)))
        os.setsid()
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for target, one in ((1, stdout), (2, stderr), (MESSAGES, messages)):
            os.dup2(one, target)
        order.confinement.enter()
        if order.confinement.mounts:
            told = {"mounts": os.readlink("/proc/self/ns/mnt")}
            os.write(telling, json.dumps(told).encode() + b"\n")
        step = "folder"
        os.chdir(order.folder)
        step = "run"
        os.execvpe(order.argv[0], list(order.argv), dict(order.env))
    except BaseException as error:
        code = error.errno if isinstance(error, OSError) else None
        name = str(error.filename) if isinstance(error, OSError) and error.filename else ""
        failed = {"step": step, "errno": code, "about": name[:_SHOWN], "text": str(error)[:_SHOWN]}
        os.write(telling, json.dumps(failed).encode() + b"\n")
    finally:
        os._exit(_NOT_STARTED)


if __name__ == "__main__":
    main()
