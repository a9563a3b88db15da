"""The key that signs browser sessions: HEADWAY_SESSION_KEY, else DIR/session.key. It is not in the database, so read
access to the database is not enough to sign in."""

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
    """Signs with the key in the file's current content: replacing the key ends all sessions."""

    def __init__(self, path: Path | None = None, key: bytes | None = None) -> None:
        self._path, self._key = path, key
        self._seen: tuple[int, int] | None = None
        self._last_error = ""

    @property
    def id(self) -> str | None:
        """Identifies the key without revealing it; None while there is none."""
        try:
            return self.named()
        except Unavailable:
            return None

    def named(self) -> str:
        """Returns `id`. Raises Unavailable while there is no key."""
        return hmac.digest(self._current(), b"headway key id", "sha256").hex()[:12]

    def sign(self, body: str) -> str:
        """Raises Unavailable while the file cannot be read or holds no key."""
        return hmac.new(self._current(), f"session:{body}".encode(), "sha256").hexdigest()

    def is_signed(self, body: str, signature: str) -> bool:
        """Raises Unavailable as `sign` does."""
        return hmac.compare_digest(signature.encode(), self.sign(body).encode())

    def _current(self) -> bytes:
        try:
            key = self.read()
        except (OSError, ValueError) as error:
            # The file's path is logged, not shown to visitors.
            if self._last_error != str(error):
                logger.error("%s cannot be used: %s; restore the file", self._path, error)
            self._last_error = str(error)
            raise Unavailable("The session key cannot be read; see the server's log") from error
        self._last_error = ""
        return key

    def read(self) -> bytes:
        """Raises OSError or ValueError if the file cannot be read or holds no key."""
        if self._path is not None:
            state = self._path.stat()
            seen = state.st_ino, state.st_mtime_ns
            if seen != self._seen:
                self._key, self._seen = key_from(self._path.read_text()), seen
        assert self._key is not None
        return self._key


def session_key(settings: Settings) -> SessionKey:
    """Creates the file if it does not exist. Raises ValueError."""
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
            f"{path} cannot be used: {error}; remove it to create a new one: everybody must then sign in again"
        ) from error
    return key


def rotate(data_dir: Path) -> Path:
    """Writes another key: a running server uses it at once, and every session ends."""
    path = data_dir / FILE
    write_private(path, new_key())
    return path
