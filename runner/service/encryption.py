"""Encryption at rest: AES-256-GCM under one key of the installation, which never stands in the database."""

import os
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hmac import digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import HeadwayError, ProblemCode, Refused

_BYTES = 32
_NONCE = 12
_MEND = "give it the server's secret.key in its data directory, or HEADWAY_SECRET_KEY"


class DecryptionFailed(HeadwayError):
    """The value stays encrypted: no key, another key, or a changed text. The message names the mend."""


class Cipher:
    """Without a key it opens and seals nothing, and says how to get one."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._cipher = AESGCM(key) if key else None

    @property
    def key_id(self) -> str | None:
        """Names the key without telling it."""
        return digest(self._key, b"headway key id", "sha256").hex()[:12] if self._key else None

    def seal(self, text: str, purpose: str) -> str:
        """Opens again for the same purpose only. Raises Refused without a key."""
        if self._cipher is None:
            raise Refused.because(ProblemCode.INVALID_STATE, f"there is no secret key; {_MEND}")
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), purpose.encode())
        return f"{self.key_id}.{urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, purpose: str) -> str:
        """Raises CannotOpen."""
        if self._cipher is None:
            raise DecryptionFailed(f"this process has no secret key; {_MEND}")
        key_id, _, text = sealed.partition(".")
        if key_id != self.key_id:
            raise DecryptionFailed(
                f"this was encrypted with another secret key ({key_id}) than this process has ({self.key_id}); {_MEND}"
            )
        try:
            data = urlsafe_b64decode(text)
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], purpose.encode()).decode()
        except (InvalidTag, NotBase64, ValueError) as error:
            raise DecryptionFailed(
                "the encrypted text was changed; save the secret again"
            ) from error

    def fingerprint(self, text: str) -> str:
        """Equal for equal texts; tells nothing of them to whom the key is not known."""
        return digest(self._key or b"", text.encode(), "sha256").hex()


def key_from(text: str) -> bytes:
    """32 bytes in base64, either alphabet. Raises ValueError with a sentence."""
    try:
        key = b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except NotBase64:
        key = b""
    if len(key) != _BYTES:
        raise ValueError(
            "the secret key is 32 bytes in base64, as `openssl rand -base64 32` makes them"
        )
    return key


def new_key() -> str:
    return urlsafe_b64encode(os.urandom(_BYTES)).decode()
