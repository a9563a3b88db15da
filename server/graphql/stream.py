"""One execution of a subscription and its readers, each at its own pace, over one bounded ring buffer."""

from asyncio import Event
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any


@dataclass(frozen=True, slots=True)
class RingLimits:
    """Limits of one stream, in characters.

    `messages` and `size` limit what waits for a slow reader while a fast one continues; `kept` limits what is kept for
    later readers; `ahead` is how far the source is read before any reader has taken it.
    """

    messages: int = 1000
    size: int = 4 * 1024 * 1024
    kept: int = 256 * 1024
    ahead: int = 256 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    cursor: Any
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a stream; `errors` are those that broke it off."""

    errors: tuple[dict[str, Any], ...] = ()


class Lag(Enum):
    """The reader's position is no longer in the ring."""

    BEHIND = "BEHIND"


class SharedStream:
    """Indexes count the messages since the start of the source; the ring holds those from `first` to `end`."""

    def __init__(self, key: Hashable, limits: RingLimits, *, latest: bool = False) -> None:
        self.key = key
        self.first = 0
        self.ended: Ended | None = None
        self.readers: set[StreamReader] = set()
        self._limits = limits
        self._latest = latest
        self._ring: deque[Message] = deque()
        self._size = 0
        self._room = Event()

    @property
    def end(self) -> int:
        return self.first + len(self._ring)

    @property
    def joinable(self) -> bool:
        """Whether a new reader gets everything that earlier ones got."""
        return self.ended is None and (self._latest or self.first == 0)

    def append(self, message: Message) -> None:
        self._ring.append(message)
        self._size += len(message.text)
        self._evict()
        self._wake()

    def finish(self, ended: Ended) -> None:
        if self.ended is None:
            self.ended = ended
            self._wake()

    async def room(self) -> None:
        """Returns when the fastest reader is close enough, so that an unread source is not read far ahead."""
        while self._ahead() and self.readers:
            self._room.clear()
            await self._room.wait()

    def read(self, index: int) -> Message | Ended | Lag | None:
        if index < self.first:
            return Lag.BEHIND
        if index < self.end:
            return self._ring[index - self.first]
        return self.ended

    def moved(self) -> None:
        self._room.set()

    def start(self) -> int:
        return self.newest() if self._latest else self.first

    def newest(self) -> int:
        return max(self.first, self.end - 1)

    def _ahead(self) -> bool:
        if self._latest:
            return False
        unread = self.end - max((reader.index for reader in self.readers), default=self.end)
        if unread <= 1:
            return False
        half = self._limits.messages // 2
        return unread >= half or self._unread_size(unread) > self._limits.ahead

    def _unread_size(self, unread: int) -> int:
        ring = self._ring
        return sum(len(ring[-place].text) for place in range(1, min(unread, len(ring)) + 1))

    def _evict(self) -> None:
        limits = self._limits
        if self._latest:
            while len(self._ring) > 1:
                self._drop()
            return
        while len(self._ring) > 1 and (
            len(self._ring) > limits.messages or self._size > limits.size
        ):
            self._drop()
        if self._size > limits.kept:
            slowest = min((reader.index for reader in self.readers), default=self.end)
            while self.first < min(slowest, self.end - 1) and self._size > limits.kept:
                self._drop()

    def _drop(self) -> None:
        self._size -= len(self._ring.popleft().text)
        self.first += 1

    def _wake(self) -> None:
        for reader in self.readers:
            reader.wake()


class StreamReader:
    """A reader's position in a stream."""

    __slots__ = ("_stream", "index", "wake")

    def __init__(self, stream: SharedStream, wake: Callable[[], None]) -> None:
        self._stream = stream
        self.index = stream.start()
        self.wake = wake
        stream.readers.add(self)

    def take(self) -> Message | Ended | Lag | None:
        """Returns the next message, the end, BEHIND if its position was evicted, or None if there is nothing yet."""
        found = self._stream.read(self.index)
        if isinstance(found, Message):
            self.index += 1
            self._stream.moved()
        return found

    def skip_to_newest(self) -> None:
        self.index = self._stream.newest()

    def leave(self) -> None:
        self._stream.readers.discard(self)
        self._stream.moved()
