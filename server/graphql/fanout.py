"""Executes and serialises identical subscriptions once a process, for all their clients and transports.

One driver task reads the source into the ring buffer of a SharedStream. A reader that falls behind the ring continues
according to the policy of the subscription's root field; it never slows the others down or uses more memory.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from graphql import FieldNode, FragmentDefinitionNode, SelectionSetNode

from models.access.viewer import Viewer
from server.graphql.operations import Operations, Prepared
from server.graphql.requests import Rejected
from server.graphql.stream import Ended, Lag, Message, RingLimits, SharedStream, StreamReader

START_AGAIN = ""
"""The value of `context.resume` when a stream of policy RESET starts again: a cursor that is always unknown."""


class LagPolicy(Enum):
    """Ways to handle a reader that fell behind."""

    RESUME = "RESUME"
    LATEST = "LATEST"
    RESET = "RESET"
    ALONE = "ALONE"


@dataclass(frozen=True, slots=True)
class Policy:
    """Describes how a root field's messages are shared. `cursor` returns the position of a root value, hashable."""

    on_lag: LagPolicy
    cursor: Callable[[Any], Any] = lambda root: None

    @classmethod
    def resume(cls, cursor: Callable[[Any], Any]) -> Self:
        """Reads a lagging reader's messages again from the source, with `context.resume` set to its last cursor."""
        return cls(LagPolicy.RESUME, cursor)

    @classmethod
    def latest(cls) -> Self:
        """Skips to the newest message; the last one is always delivered."""
        return cls(LagPolicy.LATEST)

    @classmethod
    def reset(cls) -> Self:
        """Starts the source again with `context.resume` = START_AGAIN; the first message replaces all earlier ones."""
        return cls(LagPolicy.RESET)


ALONE = Policy(LagPolicy.ALONE)
"""For root fields without a policy: never shared, read at the pace of the only reader."""


STOPPING = Ended(
    (
        {
            "message": "the server is stopping; subscribe again",
            "extensions": {"code": "SERVER_STOPPING"},
        },
    )
)


class Fanout:
    """Owns the drivers: an async context manager that is entered while the server runs."""

    def __init__(
        self,
        operations: Operations,
        policies: Mapping[str, Policy],
        limits: RingLimits | None = None,
    ) -> None:
        self._operations = operations
        self._policies = policies
        self._limits = limits or RingLimits()
        self._streams: dict[Any, SharedStream] = {}
        self._drivers: dict[SharedStream, asyncio.Task[None]] = {}
        self._tasks = asyncio.TaskGroup()
        self._stopped = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *exception: Any) -> None:
        self.stop()
        await self._tasks.__aexit__(*exception)

    def stop(self) -> None:
        """Ends every current and future subscription with the error SERVER_STOPPING."""
        self._stopped = True
        for driver in self._drivers.values():
            driver.cancel()

    @property
    def drivers(self) -> int:
        """The number of subscriptions that are being executed."""
        return len(self._drivers)

    def join(
        self, prepared: Prepared, viewer: Viewer, wake: Callable[[], None]
    ) -> "SharedSubscription":
        """`wake` is called when there may be a message. The caller must call `leave` in the end."""
        return SharedSubscription(self, prepared, viewer, self._policy(prepared), wake)

    def open(self, prepared: Prepared, viewer: Viewer, policy: Policy, resume: Any) -> SharedStream:
        if self._stopped:
            stopped = SharedStream(None, self._limits)
            stopped.finish(STOPPING)
            return stopped
        if policy.on_lag is LagPolicy.ALONE:
            key: Any = object()
        else:
            key = (prepared.key, viewer.sharing_key, resume)
        stream = self._streams.get(key)
        if stream is None or not stream.joinable:
            latest = policy.on_lag is LagPolicy.LATEST
            stream = self._streams[key] = SharedStream(key, self._limits, latest=latest)
            self._drivers[stream] = self._tasks.create_task(
                self._drive(stream, prepared, viewer, policy, resume)
            )
        return stream

    def left(self, stream: SharedStream) -> None:
        if not stream.readers and (driver := self._drivers.get(stream)) is not None:
            self._forget(stream)
            driver.cancel()

    async def _drive(
        self, stream: SharedStream, prepared: Prepared, viewer: Viewer, policy: Policy, resume: Any
    ) -> None:
        ended = Ended()
        try:
            deliveries = self._operations.subscribe(prepared, viewer, resume)
            async with aclosing(deliveries):
                async for delivery in deliveries:
                    text = delivery.body.decode()
                    stream.append(Message(policy.cursor(delivery.root), text))
                    # A busy source must give the readers time to read.
                    await asyncio.sleep(0)
                    await stream.room()
        except asyncio.CancelledError:
            ended = STOPPING
            raise
        except Rejected as refusal:
            ended = Ended(tuple(refusal.errors))
        except Exception as error:
            ended = Ended(tuple(self._operations.ended_by(error)))
        finally:
            self._forget(stream)
            stream.finish(ended)

    def _forget(self, stream: SharedStream) -> None:
        self._drivers.pop(stream, None)
        if self._streams.get(stream.key) is stream:
            del self._streams[stream.key]

    def _policy(self, prepared: Prepared) -> Policy:
        return self._policies.get(_root_field(prepared), ALONE)


class SharedSubscription:
    """One client's position in a stream: call `take` until it returns Ended."""

    __slots__ = (
        "_cursor",
        "_fanout",
        "_policy",
        "_prepared",
        "_reader",
        "_stream",
        "_viewer",
        "wake",
    )

    def __init__(
        self,
        fanout: Fanout,
        prepared: Prepared,
        viewer: Viewer,
        policy: Policy,
        wake: Callable[[], None],
    ) -> None:
        self._fanout = fanout
        self._prepared, self._viewer, self._policy = prepared, viewer, policy
        self._cursor: Any = None
        self.wake = wake
        self._enter(None)

    def take(self) -> Message | Ended | None:
        """Returns the next message, the end, or None if there is nothing yet."""
        found = self._reader.take()
        if found is Lag.BEHIND:
            found = self._resubscribed()
        if isinstance(found, Message):
            self._cursor = found.cursor
        assert not isinstance(found, Lag)
        return found

    def leave(self) -> None:
        self._reader.leave()
        self._fanout.left(self._stream)

    def _enter(self, resume: Any) -> None:
        self._stream = self._fanout.open(self._prepared, self._viewer, self._policy, resume)
        self._reader = StreamReader(self._stream, self.wake)

    def _resubscribed(self) -> Message | Ended | Lag | None:
        if self._policy.on_lag is LagPolicy.LATEST:
            self._reader.skip_to_newest()
            return self._reader.take()
        self.leave()
        self._enter(START_AGAIN if self._policy.on_lag is LagPolicy.RESET else self._cursor)
        return self._reader.take()


def _root_field(prepared: Prepared) -> str:
    """Returns the name of the only root field, which may be inside fragments."""
    assert prepared.document.node is not None
    fragments = {
        definition.name.value: definition.selection_set
        for definition in prepared.document.node.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    pending: list[SelectionSetNode] = [prepared.operation.selection_set]
    while pending:
        for node in pending.pop().selections:
            if isinstance(node, FieldNode):
                return node.name.value
            inner = getattr(node, "selection_set", None)
            pending.append(inner or fragments[node.name.value])  # type: ignore[attr-defined]
    return ""
