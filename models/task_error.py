"""Why an attempt failed, and how it is said."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TaskError:
    """`code` is stable and short: EXIT_CODE, TIMED_OUT, EXPRESSION, WORKER_LOST, ... `exit_code` is that of the process
    that failed, if there was one. `below` is why, in words of an execution in a namespace that not everybody who sees
    this one may see."""

    code: str
    message: str
    exit_code: int | None = None
    below: str | None = None


def message_with_exit_code(message: str, exit_code: int | None) -> str:
    """The message, and the exit code after it where that is not the message itself."""
    code = f"exit code {exit_code}"
    return f"{message} ({code})" if exit_code and exit_code > 0 and message != code else message
