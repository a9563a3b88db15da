"""A program run for an attempt: started, listened to, ended with everything it left behind."""

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
from runner.attempt.task_messages import ArtifactUse, InvalidMessage, MessageCutter
from runner.executors.executor import Outcome
from runner.files.artifact_store import ArtifactRefused
from runner.files.readable_folders import readable_folders
from runner.files.task_files import files_matching
from runner.processes.arguments import too_long, too_much, with_nul
from runner.processes.child import Child, Exit, Program
from runner.processes.family import Family
from runner.processes.pipe import Pipe

_READ_ON = 1.0
"""Seconds after the end of all processes in which a stranger who holds a pipe is still heard, and in which the messages
of an attempt that was stopped are read on."""
_LOOK_AT_FILE = 0.25
_CHUNK = 64 * 1024
_MOST_KILLS = 100
_NEWEST = 2_000
"""Lines of one reading in which the cause of a failure is looked for."""
_OF_ITS_OWN = frozenset(
    {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGTRAP}
)
"""Signals that a program brings upon itself."""


async def run_program(
    attempt: AttemptContext, place: WorkingDirectory, argv: Sequence[str], env: Mapping[str, Any]
) -> Outcome:
    """Raises Stopped when the attempt was stopped; by then no process of it is left."""
    if sentence := too_long(argv, attempt.program_env(env)):
        return Outcome.failed(TooLarge.code, sentence)
    artifacts = await _readable(attempt, place, [*argv, *map(str, env.values())])
    with attempt.surroundings.isolation.apart(place.root, artifacts) as apart:
        given = attempt.program_env(env, apart.env)
        attempt.reports.owner = apart.user
        try:
            child = Child.start(Program(argv, str(place.files), given), apart.starts)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno == errno.E2BIG:
                return Outcome.failed(TooLarge.code, too_much(argv, given))
            told = with_nul(argv, given) or error
            return Outcome.failed("NOT_STARTED", f"{argv[0]:.500} could not be started: {told}")
        outcome = await _Run(attempt, place, child, apart.user).to_its_end()
        failed = outcome.error or attempt.reports.error
        return outcome if failed else await _collect(attempt, place, outcome)


async def _readable(
    attempt: AttemptContext, place: WorkingDirectory, told: Sequence[str]
) -> list[str]:
    """The folders of the artifact store that the program may read, by all that it is given."""
    texts = [attempt.write_input(place), attempt.spec.model_dump_json(), *told]
    pool = attempt.surroundings.pool
    return await attempt.stop.cancels(readable_folders(pool, attempt.execution, texts))


class _Run:
    """One child, from its start to the end of everything it left behind."""

    def __init__(
        self, attempt: AttemptContext, place: WorkingDirectory, child: Child, user: int | None
    ) -> None:
        self._attempt = attempt
        self._place = place
        self._child = child
        self._user = user
        mark = f"HEADWAY_ATTEMPT_ID={typed('att', attempt.id)}"
        self._family = Family(child.pid, mark.encode(), str(place.root), user, child.mounts)
        self._over = asyncio.Event()
        self._heard_until: float | None = None
        self._cut_short = False
        """Whether messages were left unread."""
        self._tails = {stream: Tail() for stream in LogStream}

    async def to_its_end(self) -> Outcome:
        child, reaper = self._child, self._attempt.surroundings.reaper
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
        return await self._judge(exit, stopped or self._cut_short)

    async def _wait_for_end(self) -> bool:
        """Of the leader, or until the attempt is to stop; then of everyone else. Whether it was stopped."""
        stop = self._attempt.stop
        ended = asyncio.create_task(self._child.exited())
        asked = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await self._family.end_stragglers(self._attempt.surroundings.reaper.spared)
                return False
            await self._family.terminate(stop.force, stop.grace)
            await ended
            return True
        finally:
            ended.cancel()
            asked.cancel()
            await asyncio.wait({ended, asked})

    def _kill_the_rest(self) -> None:
        """Only after a fault or a cancellation is there anyone left."""
        if not self._over.is_set():
            for _ in range(_MOST_KILLS):
                if not self._family.kill_once():
                    break

    async def _judge(self, exit: Exit, stopped: bool) -> Outcome:
        if stopped:
            raise Stopped(exit.code, exit.resources)
        error = None
        if exit.sentence:
            why = await asyncio.to_thread(self._why, exit)
            error = TaskError("SIGNAL" if exit.by_signal else "EXIT_CODE", why)
        return Outcome(error=error, exit_code=exit.code, resources=exit.resources)

    def _why(self, exit: Exit) -> str:
        """The error that its last lines tell. One that was killed from outside had no time to say why."""
        # Its patterns take longer to compile than all else here, and most tasks do not fail.
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
        cutter = LineSplitter(self._attempt.mask)
        while data := await pipe.read():
            # What nobody will see is only kept from blocking the task.
            if stream is LogStream.STDERR or not self._attempt.page.is_full:
                await self._log(cutter.feed(data), stream, level)
        await self._log(cutter.end(), stream, level)

    async def _log(self, texts: Sequence[str], stream: LogStream, level: LogLevel) -> None:
        mask = self._attempt.mask
        self._tails[stream].add(mask.text(plain(text)) for text in texts[-_NEWEST:])
        await self._attempt.page.add(texts, stream, level)

    async def _read_messages(self, pipe: Pipe) -> None:
        cutter = MessageCutter()
        while data := await pipe.read():
            await self._take(cutter.feed(data))
        await self._take(cutter.end())

    async def _read_message_file(self) -> None:
        """It is looked at now and then, and once more when nobody is left to write. Whoever stops the attempt does not
        wait until all of it is read."""
        cutter = MessageCutter()
        position = 0
        over = False
        while not over:
            over = await self._is_over_within(_LOOK_AT_FILE)
            while data := _read_from(self._place.messages, position, self._user):
                if self._is_heard_no_more():
                    self._cut_short = True
                    return
                position += len(data)
                await self._take(cutter.feed(data))
        await self._take(cutter.end())

    def _is_heard_no_more(self) -> bool:
        reason = self._attempt.stop.reason
        if reason is None or (reason is not CancelReason.VOID and not self._over.is_set()):
            return False
        now = monotonic()
        if self._heard_until is None:
            self._heard_until = now if reason is CancelReason.VOID else now + _READ_ON
        return now >= self._heard_until

    async def _is_over_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._over.wait()
        except TimeoutError:
            return False

    async def _take(self, lines: Iterable[bytes | InvalidMessage]) -> None:
        # Also where no line is in it: looking for one takes time.
        await self._attempt.reports.turn()
        for line in lines:
            await self._attempt.reports.take(line)


def _read_from(file: Path, position: int, owner: int | None) -> bytes:
    """A thing that is not an ordinary file, as a pipe that would keep us waiting, is not read; nor is one of another
    owner, which has a second name here."""
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


async def _collect(attempt: AttemptContext, place: WorkingDirectory, outcome: Outcome) -> Outcome:
    """The artifacts that the task promises, and the outputs that come of them."""
    try:
        for wanted in attempt.spec.artifacts:
            found = await asyncio.to_thread(files_matching, place.files, wanted.path)
            for path in found:
                name = wanted.name and (wanted.name if len(found) == 1 else f"{wanted.name}/{path}")
                use = ArtifactUse(path=path, name=name, type=wanted.type, version=wanted.version)
                await attempt.reports.add_artifact(use)
    except (ArtifactRefused, ValidationError) as error:
        return replace(outcome, error=TaskError("ARTIFACT", str(error)))
    return outcome
