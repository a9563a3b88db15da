"""The key that encrypts secrets: HEADWAY_SECRET_KEY, else DIR/secret.key."""

import logging

from runner.service.encryption import Cipher, key_from, new_key
from runner.store.postgres.connection import Pool
from runner.store.secrets import count_of_other_keys
from server.local.private import write_private
from server.settings.settings import Settings

logger = logging.getLogger("headway.secrets")

FILE = "secret.key"


class BadSecretKey(Exception):
    """The key's file cannot be read, or holds no key."""


def make_vault(settings: Settings, *, may_make_key: bool) -> Cipher:
    """Does not create a key for a worker alone: nothing is encrypted with it. Raises BadSecretKey."""
    if settings.secret_key:
        return Cipher(key_from(settings.secret_key))
    path = settings.data_dir / FILE
    try:
        if may_make_key and not path.exists():
            write_private(path, new_key())
        return Cipher(key_from(path.read_text()) if path.exists() else None)
    except (OSError, ValueError) as error:
        raise BadSecretKey(
            f"{path} cannot be used: {error}; restore the original file, or set HEADWAY_SECRET_KEY"
        ) from error


async def warn_of_other_keys(pool: Pool, vault: Cipher) -> None:
    """Warns of secrets that this process cannot decrypt: tasks that use them will fail."""
    if count := await count_of_other_keys(pool, vault.key_id):
        logger.warning(
            "%d secrets were saved with a different key than this process has; restore %s or HEADWAY_SECRET_KEY, "
            "or save them again: headway secret set",
            count,
            FILE,
        )
