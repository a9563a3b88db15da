"""What every resolver of one operation shares."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import strawberry

from models.events import Ask
from models.viewer import Viewer
from runner.changes import Changes
from runner.debugging import Debugger
from runner.engine import Engine
from runner.evaluator import Evaluator
from runner.feed import Feed
from runner.store.connection import Pool
from runner.vault import Vault
from schema.list_window import Windows
from schema.loaders import Loaders


@dataclass(frozen=True, slots=True)
class Services:
    """What the server has wired; plain values, one set a process."""

    pool: Pool
    engine: Engine
    feed: Feed
    changes: Changes
    evaluator: Evaluator
    vault: Vault
    version: str
    debugger: Debugger
    windows: Windows = field(default_factory=Windows)


@dataclass(slots=True)
class Context:
    """One a operation; one an event for subscriptions. `resume` overrides a subscription's `after`."""

    services: Services
    viewer: Viewer
    resume: Any = None
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Forget what was loaded: the next event sees the tables as they are then."""
        self.loaders = Loaders(self.services.pool, self.viewer.scope, self.services.engine.plans)

    def ask(self, reason: str | None = None, expected_seq: int | None = None) -> Ask:
        return Ask(self.viewer.actor, self.viewer.channel, reason, expected_seq)


Info: TypeAlias = "strawberry.Info[Context, None]"
