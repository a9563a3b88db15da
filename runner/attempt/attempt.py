"""One attempt in the hands of this worker: what an executor is given."""

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import orjson

from models.access.hosts import HostRules
from models.expressions import has_expressions
from models.ids import typed
from models.lifecycle.snapshot import Execution, TaskRun
from models.payloads import abridged
from models.spec.task import Task
from runner.attempt.cancellation import CancellationToken
from runner.attempt.log_writer import AttemptLog, LogWriter
from runner.attempt.masking import Mask
from runner.attempt.message_reader import MessageReader
from runner.attempt.reporter import ProgressReporter
from runner.attempt.secrets import resolve_secrets, uses_secrets
from runner.expressions.context import expression_names, tasks_before
from runner.expressions.evaluator import MAX_SENTENCE, EvaluationFailed, Evaluator, Mode
from runner.files.artifact_store import ArtifactStore
from runner.isolation.isolation import Isolation
from runner.launch.result_cache import NOT_CACHED_BY, digest
from runner.processes.reaper import Reaper
from runner.service.encryption import Cipher
from runner.service.retry import retry_until_available
from runner.store.json import dump
from runner.store.postgres.connection import Pool

Spec = TypeVar("Spec", bound=Task)


@dataclass(frozen=True, slots=True)
class WorkerServices:
    """The things that all attempts of a worker share. `env` is what expressions may see of the environment,
    `inherited` what tasks get of it. `hosts` is where `http` and `sql` tasks may connect to."""

    worker_id: str
    data_dir: Path
    work: Path
    pool: Pool
    evaluator: Evaluator
    logbook: LogWriter
    artifacts: ArtifactStore
    reaper: Reaper
    vault: Cipher
    messages: MessageReader
    isolation: Isolation
    env: Mapping[str, str] = field(default_factory=dict)
    inherited: Mapping[str, str] = field(default_factory=dict)
    hosts: HostRules = field(default_factory=HostRules)

    @property
    def python_path(self) -> Path:
        """A folder that holds the package `headway` and nothing else."""
        return self.data_dir / "python"


@dataclass(frozen=True, slots=True)
class WorkingDirectory:
    """Folders of one attempt, gone after it: `files` is where its processes start."""

    root: Path

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def messages(self) -> Path:
        return self.root / "messages.jsonl"

    def remove(self) -> None:
        """Most are empty by then, but even that may wait for the disk."""
        try:
            os.rmdir(self.files)
            os.rmdir(self.root)
        except OSError:
            shutil.rmtree(self.root, ignore_errors=True)
            if os.geteuid() != 0 and self.root.exists():
                self._open_folders()
                shutil.rmtree(self.root, ignore_errors=True)

    def _open_folders(self) -> None:
        """The task may have closed some, also to its worker."""
        for folder, inside, _ in os.walk(self.root):
            for path in (os.path.join(folder, name) for name in inside):
                with suppress(OSError):
                    if not os.path.islink(path):
                        os.chmod(path, stat.S_IRWXU)

    @property
    def input(self) -> Path:
        return self.root / "input.json"

    def write(self, name: str, text: str) -> str:
        file = self.root / name
        file.write_text(text, encoding="utf-8")
        return str(file)


class AttemptContext:
    def __init__(
        self,
        surroundings: WorkerServices,
        execution: Execution,
        task: TaskRun,
        id: UUID,
        lease: UUID,
    ) -> None:
        self.surroundings = surroundings
        self.execution = execution
        self.task = task
        self.id = id
        self.lease = lease
        self.stop = CancellationToken()
        self.cache_key: str | None = None
        self.telling = asyncio.Lock()
        """Held while the engine is told something of this attempt."""
        self.mask = Mask()
        """Whatever leaves the attempt goes through it."""
        self.page: AttemptLog = surroundings.logbook.page(
            execution.id, task.id, task.path, task.attempt, id, self.mask
        )
        self._inputs: dict[str, Any] = {}
        self._place = WorkingDirectory(surroundings.work / typed("att", id))
        self.reports = ProgressReporter(
            execution,
            task,
            id,
            page=self.page,
            pool=surroundings.pool,
            artifacts=surroundings.artifacts,
            reader=surroundings.messages,
            folder=self._place.files,
            mask=self.mask,
        )

    @property
    def spec(self) -> Task:
        return self.execution.spec_of(self.task)

    @property
    def spec_type(self) -> str:
        return str(getattr(self.spec, "type", ""))

    def spec_as(self, kind: type[Spec]) -> Spec:
        spec = self.spec
        assert isinstance(spec, kind)
        return spec

    async def render(
        self, templates: Mapping[str, Any], mode: Mode = Mode.PLAIN
    ) -> Mapping[str, Any]:
        """The settings with their expressions evaluated; they become the task run's inputs. Raises EvaluationFailed."""
        rendered: Mapping[str, Any] = templates
        if has_expressions(templates):
            rendered = await self._evaluated(templates, mode)
        rendered = self.surroundings.artifacts.located(rendered)
        self.tell_inputs(rendered)
        return rendered

    def tell_inputs(self, values: Mapping[str, Any]) -> None:
        """Adds values to the task run's inputs, beside or instead of those that are there."""
        self._inputs |= {
            name: self.mask.value(value)
            for name, value in values.items()
            if value not in (None, {})
        }
        self.reports.pending.inputs = abridged(self._inputs)

    def write_input(self, place: WorkingDirectory) -> str:
        """Writes the names for expressions of the task, as JSON of any size: no secrets, for it lies on the disk.
        Answers with it."""
        names = expression_names(self.execution, self.task, self.surroundings.env)
        before = tasks_before(self.execution.plan, self.task.key)
        names["outputs"] = {key: of for key, of in names["outputs"].items() if key in before}
        names["task"]["inputs"] = self._inputs
        text = dump(names)
        place.write(place.input.name, text)
        return text

    async def task_key(self) -> str:
        """The key that the task's cache goes by. Raises EvaluationFailed."""
        spec = self.spec
        own = spec.cache.key if spec.cache else None
        about = spec.model_dump(mode="json", exclude=NOT_CACHED_BY) if own is None else own
        rendered = await self._evaluated(about, Mode.PLAIN)
        key = digest(str(self.execution.plan.flow_id), spec.id, own is None, rendered)
        return self.surroundings.vault.fingerprint(key) if self.mask else key

    async def _evaluated(self, templates: Any, mode: Mode) -> Any:
        surroundings = self.surroundings
        names = expression_names(self.execution, self.task, surroundings.env)
        if uses_secrets(self.execution, templates):
            names |= await self._open_secrets(templates)
        try:
            return await surroundings.evaluator.render(templates, names, mode)
        except EvaluationFailed as failed:
            raise self._masked(failed) from None

    async def _open_secrets(self, templates: Any) -> Mapping[str, Any]:
        pool, vault = self.surroundings.pool, self.surroundings.vault
        return await self.stop.cancels(
            retry_until_available(
                pool, partial(resolve_secrets, pool, vault, self.execution, templates, self.mask)
            )
        )

    def _masked(self, failed: EvaluationFailed) -> EvaluationFailed:
        """The sentence may be cut off, and within a secret."""
        sentence = self.mask.text(str(failed))
        if self.mask and len(str(failed)) >= MAX_SENTENCE:
            sentence = sentence[: -self.mask.longest]
        return type(failed)(sentence)

    @asynccontextmanager
    async def workplace(self) -> AsyncIterator[WorkingDirectory]:
        os.makedirs(self._place.files)
        try:
            yield self._place
        finally:
            await asyncio.to_thread(self._place.remove)

    def program_env(
        self, own: Mapping[str, Any], person: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The environment of a process of the attempt; `own` is the task's `env`, `person` who it runs as."""
        env = {
            **self.surroundings.inherited,
            **(person or {}),
            "PYTHONUNBUFFERED": "1",
            **{name: _as_text(value) for name, value in own.items()},
            "HEADWAY_EXECUTION_ID": typed("exec", self.execution.id),
            "HEADWAY_TASK_RUN_ID": typed("run", self.task.id),
            "HEADWAY_TASK": self.task.path,
            "HEADWAY_ATTEMPT": str(self.task.attempt),
            "HEADWAY_ATTEMPT_ID": typed("att", self.id),
            "HEADWAY_WORKER_ID": self.surroundings.worker_id,
            "HEADWAY_FILE": str(self._place.messages),
            "HEADWAY_INPUT": str(self._place.input),
        }
        paths = (str(self.surroundings.python_path), env.get("PYTHONPATH", ""))
        env["PYTHONPATH"] = ":".join(path for path in paths if path)
        return env


def _as_text(value: Any) -> str:
    """A variable's text, as within a longer text: nothing for null, JSON for what is no text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
