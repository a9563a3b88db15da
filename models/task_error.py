"""Why an attempt failed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskError:
    """`code` is stable and short: EXIT_CODE, TIMED_OUT, EXPRESSION, WORKER_LOST, ... `exit_code` is that of the process
    that failed, if there was one."""

    code: str
    message: str
    exit_code: int | None = None
