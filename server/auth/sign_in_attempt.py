"""The state of a started sign-in, in a signed cookie of the browser that lasts ten minutes."""

import base64
import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

from models.access.credentials import new_secret
from server.auth.session_key import SessionKey
from server.oidc.provider import Metadata, ProviderSettings

LASTS: Final = 600
"""Seconds."""
_LONGEST: Final = 8_000


@dataclass(frozen=True, slots=True)
class Attempt:
    state: str
    nonce: str
    verifier: str
    next_path: str
    redirect_uri: str
    ends: float

    @classmethod
    def new(cls, next_path: str, redirect_uri: str, now: datetime) -> "Attempt":
        state, nonce, verifier = (new_secret(kind) for kind in ("state", "nonce", "verifier"))
        return cls(state, nonce, verifier, next_path, redirect_uri, now.timestamp() + LASTS)

    def sealed(self, key: SessionKey) -> str:
        body = base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()
        return f"{body}.{key.sign(_signed(body))}"

    @classmethod
    def opened(cls, text: str, key: SessionKey, now: datetime) -> "Attempt | None":
        """Returns None if the signature is wrong or the attempt has expired."""
        body, _, signature = text[:_LONGEST].partition(".")
        if not key.is_signed(_signed(body), signature):
            return None
        values = json.loads(base64.urlsafe_b64decode(body))
        attempt = cls(**{one.name: values[one.name] for one in fields(cls)})
        return attempt if attempt.ends > now.timestamp() else None

    def address(self, settings: ProviderSettings, metadata: Metadata) -> str:
        """Returns the URL at which the issuer authenticates the person."""
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(settings.scopes),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return with_query(metadata.authorization_endpoint, query)


def with_query(address: str, query: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _signed(body: str) -> str:
    """Returns the text to sign; the prefix keeps it distinct from a session's."""
    return f"a sign-in that has begun:{body}"
