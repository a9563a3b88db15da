"""The context of one attempt on this worker, which executors receive."""

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
from runner.service.log_refs import LogRef
from runner.service.retry import retry_until_available
from runner.store.json import dump
from runner.store.postgres.connection import Pool

Spec = TypeVar("Spec", bound=Task)


@dataclass(frozen=True, slots=True)
class WorkerServices:
    """Shared by all attempts of a worker. `env` has the environment variables that expressions see, `inherited` those
    that tasks get. `hosts` are the rules on where `http` and `sql` tasks may connect to."""

    worker_id: str
    data_dir: Path
    work: Path
    pool: Pool
    evaluator: Evaluator
    log_writer: LogWriter
    artifacts: ArtifactStore
    reaper: Reaper
    cipher: Cipher
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
    """The folders of one attempt, removed after it. Its processes start in `files`."""

    root: Path

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def messages(self) -> Path:
        return self.root / "messages.jsonl"

    def remove(self) -> None:
        """Blocks, as it waits for the disk. Most folders are empty by then, so `rmdir` is tried first."""
        try:
            os.rmdir(self.files)
            os.rmdir(self.root)
        except OSError:
            shutil.rmtree(self.root, ignore_errors=True)
            if os.geteuid() != 0 and self.root.exists():
                self._open_folders()
                shutil.rmtree(self.root, ignore_errors=True)

    def _open_folders(self) -> None:
        """Restores the permissions of folders: the task may have removed those of the worker too."""
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
        self, services: WorkerServices, execution: Execution, task: TaskRun, id: UUID, lease: UUID
    ) -> None:
        self.services = services
        self.execution = execution
        self.task = task
        self.id = id
        self.lease = lease
        self.cancellation = CancellationToken()
        self.cache_key: str | None = None
        self.report_lock = asyncio.Lock()
        """Held while a report or the result of this attempt is sent to the engine."""
        self.mask = Mask()
        """Applied to everything that leaves the attempt."""
        self.log: AttemptLog = services.log_writer.attempt_log(
            execution.id, task.id, task.path, task.attempt, id, self.mask
        )
        self._inputs: dict[str, Any] = {}
        self._directory = WorkingDirectory(services.work / typed("att", id))
        self.reporter = ProgressReporter(
            execution,
            task,
            id,
            log=self.log,
            pool=services.pool,
            artifacts=services.artifacts,
            reader=services.messages,
            folder=self._directory.files,
            mask=self.mask,
        )

    def __str__(self) -> str:
        return str(self._log_ref)

    @property
    def log_fields(self) -> Mapping[str, str]:
        return self._log_ref.log_fields

    @property
    def _log_ref(self) -> LogRef:
        return LogRef(self.execution.id, self.task.path)

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
        """Evaluates the expressions in the settings and records the result as the task run's inputs. Raises
        EvaluationFailed."""
        rendered: Mapping[str, Any] = templates
        if has_expressions(templates):
            rendered = await self._evaluated(templates, mode)
        rendered = self.services.artifacts.located(rendered)
        self.record_inputs(rendered)
        return rendered

    def record_inputs(self, values: Mapping[str, Any]) -> None:
        """Adds values to the task run's inputs, replacing those with the same names."""
        self._inputs |= {
            name: self.mask.value(value)
            for name, value in values.items()
            if value not in (None, {})
        }
        self.reporter.pending.inputs = abridged(self._inputs)

    def write_input(self, directory: WorkingDirectory) -> str:
        """Writes the expression context of the task to a file, as JSON of any size and without secrets. Returns that
        JSON."""
        names = expression_names(self.execution, self.task, self.services.env)
        before = tasks_before(self.execution.plan, self.task.key)
        names["outputs"] = {key: of for key, of in names["outputs"].items() if key in before}
        names["task"]["inputs"] = self._inputs
        text = dump(names)
        directory.write(directory.input.name, text)
        return text

    async def task_key(self) -> str:
        """Returns the key of the task's result in the cache. Raises EvaluationFailed."""
        spec = self.spec
        own = spec.cache.key if spec.cache else None
        settings = spec.model_dump(mode="json", exclude=NOT_CACHED_BY) if own is None else own
        rendered = await self._evaluated(settings, Mode.PLAIN)
        key = digest(str(self.execution.plan.flow_id), spec.id, own is None, rendered)
        return self.services.cipher.fingerprint(key) if self.mask else key

    async def _evaluated(self, templates: Any, mode: Mode) -> Any:
        services = self.services
        names = expression_names(self.execution, self.task, services.env)
        if uses_secrets(self.execution, templates):
            names |= await self._resolve_secrets(templates)
        try:
            return await services.evaluator.render(templates, names, mode)
        except EvaluationFailed as failed:
            raise self._masked(failed) from None

    async def _resolve_secrets(self, templates: Any) -> Mapping[str, Any]:
        pool, cipher = self.services.pool, self.services.cipher
        return await self.cancellation.cancels(
            retry_until_available(
                pool, partial(resolve_secrets, pool, cipher, self.execution, templates, self.mask)
            )
        )

    def _masked(self, failed: EvaluationFailed) -> EvaluationFailed:
        """Masks the message, and drops its end if it was cut off: the cut may be within a secret."""
        sentence = self.mask.text(str(failed))
        if self.mask and len(str(failed)) >= MAX_SENTENCE:
            sentence = sentence[: -self.mask.longest]
        return type(failed)(sentence)

    @asynccontextmanager
    async def working_directory(self) -> AsyncIterator[WorkingDirectory]:
        os.makedirs(self._directory.files)
        try:
            yield self._directory
        finally:
            await asyncio.to_thread(self._directory.remove)

    def program_env(
        self, own: Mapping[str, Any], person: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The environment of a process of the attempt. `own` is the task's `env`, `person` that of its user, if any."""
        env = {
            **self.services.inherited,
            **(person or {}),
            "PYTHONUNBUFFERED": "1",
            **{name: _as_text(value) for name, value in own.items()},
            "HEADWAY_EXECUTION_ID": typed("exec", self.execution.id),
            "HEADWAY_TASK_RUN_ID": typed("run", self.task.id),
            "HEADWAY_TASK": self.task.path,
            "HEADWAY_ATTEMPT": str(self.task.attempt),
            "HEADWAY_ATTEMPT_ID": typed("att", self.id),
            "HEADWAY_WORKER_ID": self.services.worker_id,
            "HEADWAY_FILE": str(self._directory.messages),
            "HEADWAY_INPUT": str(self._directory.input),
        }
        paths = (str(self.services.python_path), env.get("PYTHONPATH", ""))
        env["PYTHONPATH"] = ":".join(path for path in paths if path)
        return env


def _as_text(value: Any) -> str:
    """Converts a value as expressions within a text do: "" for null, JSON for anything that is not text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
