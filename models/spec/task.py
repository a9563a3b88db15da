"""The keys that every task may have."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from models.inputs.values import Condition, Environment, Key, Keys, Part, Seconds, Text, Word
from models.states import AttemptState, OnWorkerLost, RunIf


class Backoff(StrEnum):
    CONSTANT = "CONSTANT"
    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class LogLevel(StrEnum):
    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class RetriedEnd(StrEnum):
    """The ends of an attempt after which it may be retried."""

    FAILED = AttemptState.FAILED.value
    TIMED_OUT = AttemptState.TIMED_OUT.value
    LOST = AttemptState.LOST.value


class RetrySpec(Part):
    """`max_attempts` counts the first; delays are seconds."""

    max_attempts: Annotated[int, Field(strict=True, ge=1, le=1000)]
    backoff: Annotated[Backoff, Word(Backoff, lower=True)] = Backoff.CONSTANT
    delay: Seconds = 1.0
    max_delay: Seconds | None = None
    jitter: Annotated[bool, Field(strict=True)] = False
    on: frozenset[Annotated[RetriedEnd, Word(RetriedEnd)]] = frozenset(RetriedEnd)


class ArtifactSpec(Part):
    """A file that the task leaves in its working directory; `path` may be a glob."""

    path: Text
    type: Text = "File"
    name: Text | None = None
    version: Text | None = None


class CacheSpec(Part):
    """`ttl` is the time for which a success may be reused; `key` is an expression that replaces the digest."""

    ttl: Seconds
    key: Text | None = None


class Task(Part):
    """The keys that every task may have. Times are seconds.

    `expressions` are the keys of a type, as written in documents, that may contain expressions. A task `by_engine` is
    run by the engine itself, without a worker and a lease.
    """

    expressions: ClassVar[frozenset[str]] = frozenset()
    by_engine: ClassVar[bool] = False

    id: Key
    needs: Keys = ()
    run_if: Annotated[RunIf, Word(RunIf, lower=True)] = RunIf.SUCCESS
    when: Condition | None = None
    description: Text | None = None
    disabled: Annotated[bool, Field(strict=True)] = False
    allow_failure: Annotated[bool, Field(strict=True)] = False
    retry: RetrySpec | None = None
    timeout: Seconds | None = None
    on_worker_lost: Annotated[OnWorkerLost, Word(OnWorkerLost, lower=True)] = OnWorkerLost.RETRY
    max_lost: Annotated[int, Field(strict=True, ge=1, le=1000)] = 5
    queue: Key = "default"
    kill_grace: Seconds = 10.0
    env: Environment = Field(default_factory=dict)
    artifacts: tuple[ArtifactSpec, ...] = ()
    cache: CacheSpec | None = None
