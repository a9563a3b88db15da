"""The secrets that people and programs come with, and the names of those whom they are of."""

import re
import secrets
from hashlib import sha256
from typing import Final

from models.access.viewer import ROLES, SYNONYMS, Permission
from models.errors import ProblemCode, Refused
from models.secrets import is_namespace

EVERY_NAMESPACE: Final = "*"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)


def new_secret(kind: str = "hw") -> str:
    """Random text, of which 256 bits cannot be guessed; `kind` says what it is to whoever finds it."""
    return f"{kind}_{secrets.token_urlsafe(32)}"


def digest_of(secret: str) -> str:
    """The form that is kept. A secret of that many random bits needs no salt and no slow hash."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def check_name(name: str, path: str = "name") -> str:
    """The name of a principal, group, role or token. Raises Refused."""
    if not _NAME.fullmatch(name):
        raise _wrong(
            f"{name[:100]!r} is no name: 1 to 100 letters, digits and . _ @ + -, beginning with a letter or digit",
            path,
        )
    return name


def namespace_of(prefix: str, path: str = "namespace") -> str:
    """The namespace that `acme.*` or `acme` names with all below it; empty text for `*`. Raises Refused."""
    if prefix == EVERY_NAMESPACE:
        return ""
    name = prefix.removesuffix(".*")
    if not is_namespace(name):
        raise _wrong(
            f"{prefix[:100]!r} is no namespace; write `acme.*` for acme and all below it, or `*` for every one",
            path,
        )
    return name


def shown_namespace(namespace: str) -> str:
    """As grants and tokens show it: `acme.*`, or `*`."""
    return f"{namespace}.*" if namespace else EVERY_NAMESPACE


def permission_named(name: str, path: str = "permissions") -> Permission:
    """Also by the names of the reference systems. Raises Refused."""
    found = SYNONYMS.get(name)
    if found is None and name not in Permission.__members__:
        raise _wrong(
            f"there is no permission {name[:100]!r}; there are {', '.join(Permission)}", path
        )
    return found or Permission(name)


def check_own_role(name: str) -> str:
    """The name of a role that is made here. Raises Refused."""
    if check_name(name) in ROLES:
        raise _wrong(f"{name} is a built-in role; choose another name", "name")
    return name


def _wrong(sentence: str, path: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, path)
