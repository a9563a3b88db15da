"""The process that starts programs of tasks under their confinement. It has one thread and little memory: unlike the
server it can fork safely, and cheaply. `python -m runner.isolation.launcher_child` reads orders from its stdin, a
socket, and ends when that is closed.

A started program becomes a child of the worker: an intermediate child starts it and ends, and the worker adopts it.
"""

import fcntl
import json
import os
import signal
import socket
from typing import NoReturn

from runner.isolation.confinement import Order

DESCRIPTORS = 5
"""The number of descriptors per order: the order, the pipe for the response, stdout, stderr, and the message pipe."""
MESSAGES = 3
"""The descriptor of the message pipe in the program."""
_BEYOND = 64
"""Lower descriptor numbers are reserved for the program."""
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)
_NOT_STARTED = 127
_SHOWN = 500
"""Characters: few enough for a response to be written to the pipe at once."""


def main() -> None:
    with socket.socket(fileno=os.dup(0)) as orders:
        while True:
            data, received, *_ = socket.recv_fds(orders, 1, DESCRIPTORS, socket.MSG_CMSG_CLOEXEC)
            if not data:
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
    response = descriptors[1]
    try:
        started = os.fork()
        if not started:
            _become(*descriptors)
        os.write(response, b"%d\n" % started)
    finally:
        os._exit(0)


def _become(order_file: int, response: int, stdout: int, stderr: int, messages: int) -> NoReturn:
    """Turns this process into the program, or writes the error and the step that failed to `response`."""
    step = "confine"
    try:
        size = os.fstat(order_file).st_size
        order = Order.from_json(json.loads(os.pread(order_file, size, 0)))
        os.setsid()
        for number in _RESTORED:
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for target, one in ((1, stdout), (2, stderr), (MESSAGES, messages)):
            os.dup2(one, target)
        order.confinement.enter()
        if order.confinement.mounts:
            facts = {"mounts": os.readlink("/proc/self/ns/mnt")}
            os.write(response, json.dumps(facts).encode() + b"\n")
        step = "folder"
        os.chdir(order.folder)
        step = "run"
        os.execvpe(order.argv[0], list(order.argv), dict(order.env))
    except BaseException as error:
        code = error.errno if isinstance(error, OSError) else None
        name = str(error.filename) if isinstance(error, OSError) and error.filename else ""
        failed = {"step": step, "errno": code, "about": name[:_SHOWN], "text": str(error)[:_SHOWN]}
        os.write(response, json.dumps(failed).encode() + b"\n")
    finally:
        os._exit(_NOT_STARTED)


if __name__ == "__main__":
    main()
