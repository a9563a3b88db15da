"""The key that sessions of browsers are signed with: HEADWAY_SESSION_KEY, else DIR/session.key. It is not in the
database, so who reads that signs nobody in."""

import hmac
import logging
from pathlib import Path

from models.errors import Unavailable
from runner.service.encryption import key_from, new_key
from server.local.private import write_private
from server.settings.settings import Settings

logger = logging.getLogger("headway.access")

FILE = "session.key"


class SessionKey:
    """Signs with the key of a file as the file is now: another key in it, and no session of before is good."""

    def __init__(self, path: Path | None = None, key: bytes | None = None) -> None:
        self._path, self._key = path, key
        self._seen: tuple[int, int] | None = None
        self._told = ""

    @property
    def id(self) -> str | None:
        """Names the key without telling it; None while there is none."""
        try:
            return self.named()
        except Unavailable:
            return None

    def named(self) -> str:
        """The same. Raises Unavailable while there is none."""
        return hmac.digest(self._current(), b"headway key id", "sha256").hex()[:12]

    def sign(self, body: str) -> str:
        """Raises Unavailable while the file cannot be read, or holds no key."""
        return hmac.new(self._current(), f"session:{body}".encode(), "sha256").hexdigest()

    def is_signed(self, body: str, signature: str) -> bool:
        """Raises Unavailable as `sign` does."""
        return hmac.compare_digest(signature.encode(), self.sign(body).encode())

    def _current(self) -> bytes:
        try:
            key = self.read()
        except (OSError, ValueError) as error:
            # Visitors are not told which file it is.
            if self._told != str(error):
                logger.error("%s cannot be used: %s; put it back", self._path, error)
            self._told = str(error)
            raise Unavailable(
                "The key of sessions cannot be read; the server's log says why"
            ) from error
        self._told = ""
        return key

    def read(self) -> bytes:
        """Raises OSError and ValueError when the file cannot be read, or holds no key."""
        if self._path is not None:
            state = self._path.stat()
            seen = state.st_ino, state.st_mtime_ns
            if seen != self._seen:
                self._key, self._seen = key_from(self._path.read_text()), seen
        assert self._key is not None
        return self._key


def session_key(settings: Settings) -> SessionKey:
    """Makes the file when there is none. Raises ValueError with a sentence."""
    if settings.session_key:
        return SessionKey(key=key_from(settings.session_key))
    path = settings.data_dir / FILE
    if not path.exists():
        write_private(path, new_key())
    key = SessionKey(path)
    try:
        key.read()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be used: {error}; remove it for a new one: everybody then signs in again"
        ) from error
    return key


def rotate(data_dir: Path) -> Path:
    """Writes another key: a server that runs takes it at once, and every session ends."""
    path = data_dir / FILE
    write_private(path, new_key())
    return path
