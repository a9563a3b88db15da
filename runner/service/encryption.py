"""Encryption at rest: AES-256-GCM with one key for the installation, which is never stored in the database."""

import os
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hmac import digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import HeadwayError, ProblemCode, Refused

_BYTES = 32
_NONCE = 12
_HINT = "copy the server's secret.key to this process's data directory, or set HEADWAY_SECRET_KEY"


class DecryptionFailed(HeadwayError):
    """The value cannot be decrypted: no key, another key, or a changed text. The message says how to fix this."""


class Cipher:
    """Encrypts and decrypts texts. Without a key both raise an error that says how to set one."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key
        self._cipher = AESGCM(key) if key else None

    @property
    def key_id(self) -> str | None:
        """Identifies the key without revealing it."""
        return digest(self._key, b"headway key id", "sha256").hex()[:12] if self._key else None

    def seal(self, text: str, purpose: str) -> str:
        """Encrypts a text, which `open` decrypts only with the same `purpose`. Raises Refused without a key."""
        if self._cipher is None:
            raise Refused.because(ProblemCode.INVALID_STATE, f"there is no secret key; {_HINT}")
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), purpose.encode())
        return f"{self.key_id}.{urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, purpose: str) -> str:
        """Decrypts a text. Raises DecryptionFailed."""
        if self._cipher is None:
            raise DecryptionFailed(f"this process has no secret key; {_HINT}")
        key_id, _, text = sealed.partition(".")
        if key_id != self.key_id:
            raise DecryptionFailed(
                f"this was encrypted with the secret key {key_id}, but this process has {self.key_id}; {_HINT}"
            )
        try:
            data = urlsafe_b64decode(text)
            return self._cipher.decrypt(data[:_NONCE], data[_NONCE:], purpose.encode()).decode()
        except (InvalidTag, NotBase64, ValueError) as error:
            raise DecryptionFailed(
                "the encrypted text was changed; save the secret again"
            ) from error

    def fingerprint(self, text: str) -> str:
        """A keyed hash: equal for equal texts, and useless without the key."""
        return digest(self._key or b"", text.encode(), "sha256").hex()


def key_from(text: str) -> bytes:
    """Decodes a key: 32 bytes in base64, standard or URL-safe. Raises ValueError with a message."""
    try:
        key = b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except NotBase64:
        key = b""
    if len(key) != _BYTES:
        raise ValueError(
            "the secret key must be 32 bytes in base64, as printed by `openssl rand -base64 32`"
        )
    return key


def new_key() -> str:
    return urlsafe_b64encode(os.urandom(_BYTES)).decode()
