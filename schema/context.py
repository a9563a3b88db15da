"""The context shared by all resolvers of an operation."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias
from uuid import UUID

import strawberry

from models.access.viewer import Permission, Scope, Viewer
from models.events.events import CommandOrigin
from runner.denials import Denials
from runner.engine.engine import Engine
from runner.engine.quotas import RecordedBytes
from runner.expressions.evaluator import Evaluator
from runner.files.artifact_store import ArtifactStore
from runner.history.expression_debugger import Debugger
from runner.history.replay_cache import ReplayCache
from runner.live.change_reader import Changes
from runner.notify.feed import Feed
from runner.service.encryption import Cipher
from runner.store.bulk import ProgressRow, progress_of
from runner.store.coalescer import Coalescer
from runner.store.execution.history import ExecutionInSnapshot, executions_by_id
from runner.store.postgres.connection import Pool
from schema.flow.reader import FlowReader
from schema.lists.resume_cache import ResumeCache
from schema.loading.loaders import Loaders

_MAX_CONCURRENT_COUNTS: Final = 2


async def _read_executions(pool: Pool, ids: Sequence[UUID]) -> dict[UUID, ExecutionInSnapshot]:
    """Reads executions of every namespace; the callers filter by the scope of their viewers."""
    return await executions_by_id(pool, Scope(), ids)


@dataclass(frozen=True, slots=True)
class Services:
    """Services and values that the server sets up once for each process."""

    pool: Pool
    engine: Engine
    feed: Feed
    changes: Changes
    evaluator: Evaluator
    vault: Cipher
    version: str
    debugger: Debugger
    artifacts: ArtifactStore | None = None
    shown: Callable[[str], str] = str
    """Removes paths of this machine from a text for responses."""
    flow_reader: FlowReader = field(default_factory=FlowReader)
    resume_cache: ResumeCache = field(default_factory=ResumeCache)
    retold: ReplayCache = field(default_factory=ReplayCache)
    recorded_bytes: RecordedBytes = field(default_factory=RecordedBytes)
    executions: Coalescer[UUID, ExecutionInSnapshot] = field(
        default_factory=lambda: Coalescer(_read_executions)
    )
    bulks: Coalescer[UUID, ProgressRow] = field(default_factory=lambda: Coalescer(progress_of))
    denials: Denials | None = None
    counting: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_MAX_CONCURRENT_COUNTS)
    )
    """Limits how many live statistics are counted at once."""


@dataclass(slots=True)
class Context:
    """Context of one operation, refreshed for each message of a subscription. `resume` overrides a subscription's
    `after`."""

    services: Services
    viewer: Viewer
    resume: Any = None
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Discards loaded rows, so that the next message reads the tables again."""
        services = self.services
        self.loaders = Loaders(
            services.pool,
            self.viewer.scope,
            self.viewer.scope_of(Permission.LIST_FLOWS),
            services.engine.plans,
            services.executions,
            services.retold,
        )

    def origin(self, reason: str | None = None, expected_seq: int | None = None) -> CommandOrigin:
        return CommandOrigin(self.viewer.actor, self.viewer.channel, reason, expected_seq)


Info: TypeAlias = "strawberry.Info[Context, None]"
