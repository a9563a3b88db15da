"""Runs a program for an attempt: starts it, reads its output and messages, and ends all processes that it started."""

import asyncio
import errno
import os
import signal
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

from pydantic import ValidationError

from models.events.events import TaskError
from models.failure_cause.tail import Tail, plain
from models.ids import typed
from models.logs import LogLevel, LogStream
from models.payloads import TooLarge
from runner.attempt.attempt import AttemptContext, WorkingDirectory
from runner.attempt.cancellation import CancelReason, Stopped
from runner.attempt.line_splitter import LineSplitter
from runner.attempt.task_messages import ArtifactUse, InvalidMessage, MessageSplitter
from runner.executors.executor import Outcome
from runner.files.artifact_store import ArtifactRefused
from runner.files.readable_folders import readable_folders
from runner.files.task_files import files_matching
from runner.processes.arguments import too_long, too_much, with_nul
from runner.processes.child import Child, Exit, Program
from runner.processes.pipe import Pipe
from runner.processes.process_tree import ProcessTree

_READ_ON = 1.0
"""Seconds after the end of all processes for which pipes are still read that a foreign process holds open, and for
which messages of a stopped attempt are still read."""
_POLL_FILE = 0.25
_CHUNK = 64 * 1024
_MOST_KILLS = 100
_NEWEST = 2_000
"""Lines of one read in which the cause of a failure is searched."""
_OF_ITS_OWN = frozenset(
    {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGTRAP}
)
"""Signals that mean that the program crashed."""


async def run_program(
    attempt: AttemptContext,
    directory: WorkingDirectory,
    argv: Sequence[str],
    env: Mapping[str, Any],
) -> Outcome:
    """Raises Stopped when the attempt was cancelled, after all its processes have ended."""
    if sentence := too_long(argv, attempt.program_env(env)):
        return Outcome.failed(TooLarge.code, sentence)
    artifacts = await _readable(attempt, directory, [*argv, *map(str, env.values())])
    with attempt.services.isolation.for_attempt(directory.root, artifacts) as isolated:
        given = attempt.program_env(env, isolated.env)
        attempt.reporter.owner = isolated.user
        try:
            child = Child.start(Program(argv, str(directory.files), given), isolated.starts)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno == errno.E2BIG:
                return Outcome.failed(TooLarge.code, too_much(argv, given))
            why = with_nul(argv, given) or error
            return Outcome.failed("NOT_STARTED", f"{argv[0]:.500} could not be started: {why}")
        outcome = await _Run(attempt, directory, child, isolated.user).to_its_end()
        failed = outcome.error or attempt.reporter.error
        return outcome if failed else await _collect(attempt, directory, outcome)


async def _readable(
    attempt: AttemptContext, directory: WorkingDirectory, given: Sequence[str]
) -> list[str]:
    """The folders of the artifact store that the program may read, found in everything that it is given."""
    texts = [attempt.write_input(directory), attempt.spec.model_dump_json(), *given]
    pool = attempt.services.pool
    return await attempt.cancellation.cancels(readable_folders(pool, attempt.execution, texts))


class _Run:
    """One child process, from its start to the end of all processes that it started."""

    def __init__(
        self, attempt: AttemptContext, directory: WorkingDirectory, child: Child, user: int | None
    ) -> None:
        self._attempt = attempt
        self._directory = directory
        self._child = child
        self._user = user
        mark = f"HEADWAY_ATTEMPT_ID={typed('att', attempt.id)}"
        self._tree = ProcessTree(child.pid, mark.encode(), str(directory.root), user, child.mounts)
        self._over = asyncio.Event()
        self._read_until: float | None = None
        self._cut_short = False
        """True if messages were left unread."""
        self._tails = {stream: Tail() for stream in LogStream}

    async def to_its_end(self) -> Outcome:
        child, reaper = self._child, self._attempt.services.reaper
        reaper.watch(child.pid)
        try:
            async with asyncio.TaskGroup() as listening:
                listening.create_task(self._read_lines(child.stdout, LogStream.STDOUT))
                listening.create_task(self._read_lines(child.stderr, LogStream.STDERR))
                listening.create_task(self._read_messages(child.messages))
                listening.create_task(self._read_message_file())
                stopped = await self._wait_for_end()
                self._over.set()
                for pipe in (child.stdout, child.stderr, child.messages):
                    pipe.end_within(_READ_ON)
        finally:
            self._kill_the_rest()
            exit = child.reap()
            child.close()
            reaper.forget(child.pid)
        return await self._outcome(exit, stopped or self._cut_short)

    async def _wait_for_end(self) -> bool:
        """Waits until the child ends or the attempt is cancelled, then ends all other processes. Returns True if it was
        cancelled."""
        cancellation = self._attempt.cancellation
        ended = asyncio.create_task(self._child.exited())
        cancelled = asyncio.create_task(cancellation.wait())
        try:
            await asyncio.wait({ended, cancelled}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await self._tree.end_stragglers(self._attempt.services.reaper.spared)
                return False
            await self._tree.terminate(cancellation.force, cancellation.grace)
            await ended
            return True
        finally:
            ended.cancel()
            cancelled.cancel()
            await asyncio.wait({ended, cancelled})

    def _kill_the_rest(self) -> None:
        """Needed only after an error or a cancellation here; otherwise all processes have ended."""
        if not self._over.is_set():
            for _ in range(_MOST_KILLS):
                if not self._tree.kill_once():
                    break

    async def _outcome(self, exit: Exit, stopped: bool) -> Outcome:
        if stopped:
            raise Stopped(exit.code, exit.resources)
        error = None
        if exit.sentence:
            why = await asyncio.to_thread(self._why, exit)
            error = TaskError("SIGNAL" if exit.by_signal else "EXIT_CODE", why)
        return Outcome(error=error, exit_code=exit.code, resources=exit.resources)

    def _why(self, exit: Exit) -> str:
        """Finds the error in the last lines of the output. A program that was killed from outside has written none."""
        # Imported here: compiling the patterns takes longer than everything else, and most tasks do not fail.
        from models.failure_cause.choice import cause_of
        from models.failure_cause.shapes import Weight

        lines = {stream: tail.lines for stream, tail in self._tails.items()}
        if not exit.by_signal:
            return cause_of(lines[LogStream.STDERR], lines[LogStream.STDOUT]) or exit.sentence
        if -exit.code not in _OF_ITS_OWN:
            return exit.sentence
        crash = cause_of(lines[LogStream.STDERR], lines[LogStream.STDOUT], Weight.ERROR)
        return f"{crash} ({exit.sentence})" if crash else exit.sentence

    async def _read_lines(self, pipe: Pipe, stream: LogStream) -> None:
        level = LogLevel.INFO if stream is LogStream.STDOUT else LogLevel.WARN
        splitter = LineSplitter(self._attempt.mask)
        while data := await pipe.read():
            # When the log is full, the pipe is still read so that the task does not block.
            if stream is LogStream.STDERR or not self._attempt.log.is_full:
                await self._log(splitter.feed(data), stream, level)
        await self._log(splitter.end(), stream, level)

    async def _log(self, texts: Sequence[str], stream: LogStream, level: LogLevel) -> None:
        mask = self._attempt.mask
        self._tails[stream].add(mask.text(plain(text)) for text in texts[-_NEWEST:])
        await self._attempt.log.add(texts, stream, level)

    async def _read_messages(self, pipe: Pipe) -> None:
        splitter = MessageSplitter()
        while data := await pipe.read():
            await self._take(splitter.feed(data))
        await self._take(splitter.end())

    async def _read_message_file(self) -> None:
        """Polls the file, and reads it once more after all processes have ended. Does not read all of it if the attempt
        was cancelled."""
        splitter = MessageSplitter()
        position = 0
        over = False
        while not over:
            over = await self._is_over_within(_POLL_FILE)
            while data := _read_from(self._directory.messages, position, self._user):
                if self._is_reading_over():
                    self._cut_short = True
                    return
                position += len(data)
                await self._take(splitter.feed(data))
        await self._take(splitter.end())

    def _is_reading_over(self) -> bool:
        reason = self._attempt.cancellation.reason
        if reason is None or (reason is not CancelReason.LEASE_LOST and not self._over.is_set()):
            return False
        now = monotonic()
        if self._read_until is None:
            self._read_until = now if reason is CancelReason.LEASE_LOST else now + _READ_ON
        return now >= self._read_until

    async def _is_over_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._over.wait()
        except TimeoutError:
            return False

    async def _take(self, lines: Iterable[bytes | InvalidMessage]) -> None:
        # Waits for a turn even if there is no line: searching for lines takes time too.
        await self._attempt.reporter.turn()
        for line in lines:
            await self._attempt.reporter.take(line)


def _read_from(file: Path, position: int, owner: int | None) -> bytes:
    """Reads only regular files of `owner`: a pipe could block, and another user's file may have a hard link here."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return b""
    try:
        status = os.fstat(descriptor)
        ordinary = stat.S_ISREG(status.st_mode) and owner in (None, status.st_uid)
        return os.pread(descriptor, _CHUNK, position) if ordinary else b""
    finally:
        os.close(descriptor)


async def _collect(
    attempt: AttemptContext, directory: WorkingDirectory, outcome: Outcome
) -> Outcome:
    """Stores the artifacts that the task declares; they become outputs too."""
    try:
        for spec in attempt.spec.artifacts:
            found = await asyncio.to_thread(files_matching, directory.files, spec.path)
            for path in found:
                name = spec.name and (spec.name if len(found) == 1 else f"{spec.name}/{path}")
                use = ArtifactUse(path=path, name=name, type=spec.type, version=spec.version)
                await attempt.reporter.add_artifact(use)
    except (ArtifactRefused, ValidationError) as error:
        return replace(outcome, error=TaskError("ARTIFACT", str(error)))
    return outcome
