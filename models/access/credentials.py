"""Secrets that people and programs sign in with, and checks of the names of principals, roles and namespaces."""

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
    """Returns a secret with 256 random bits. The prefix `kind` shows what it is, for example in a leaked file."""
    return f"{kind}_{secrets.token_urlsafe(32)}"


def digest_of(secret: str) -> str:
    """Returns the digest that is stored. A secret with so many random bits needs no salt and no slow hash."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def check_name(name: str, path: str = "name") -> str:
    """Checks the name of a principal, group, role or token. Raises Refused."""
    if not _NAME.fullmatch(name):
        raise _wrong(
            f"{name[:100]!r} is not a valid name: use 1 to 100 letters, digits and . _ @ + -, "
            "starting with a letter or digit",
            path,
        )
    return name


def namespace_of(prefix: str, path: str = "namespace") -> str:
    """Returns the namespace of `acme.*` or `acme` (both include the namespaces below), "" for `*`. Raises Refused."""
    if prefix == EVERY_NAMESPACE:
        return ""
    name = prefix.removesuffix(".*")
    if not is_namespace(name):
        raise _wrong(
            f"{prefix[:100]!r} is not a namespace; write `acme.*` for acme and all below it, or `*` for all",
            path,
        )
    return name


def shown_namespace(namespace: str) -> str:
    """Returns the namespace as grants and tokens show it: `acme.*`, or `*`."""
    return f"{namespace}.*" if namespace else EVERY_NAMESPACE


def permission_named(name: str, path: str = "permissions") -> Permission:
    """Accepts the SYNONYMS too. Raises Refused."""
    found = SYNONYMS.get(name)
    if found is None and name not in Permission.__members__:
        raise _wrong(
            f"there is no permission {name[:100]!r}; use one of {', '.join(Permission)}", path
        )
    return found or Permission(name)


def check_own_role(name: str) -> str:
    """Checks the name of a custom role. Raises Refused."""
    if check_name(name) in ROLES:
        raise _wrong(f"{name} is a built-in role; choose another name", "name")
    return name


def _wrong(sentence: str, path: str) -> Refused:
    return Refused.because(ProblemCode.VALIDATION, sentence, path)
