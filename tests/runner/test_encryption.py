"""Encryption at rest: with the right key, another, none; and where each secret is visible."""

import os
from pathlib import Path

import asyncpg
import pytest

from models.errors import Refused
from runner.service.encryption import Cipher, DecryptionFailed, key_from, new_key
from runner.store import secrets
from runner.store.postgres.database import Database
from server.process.secret_key import BadSecretKey, make_vault, warn_of_other_keys
from server.settings.settings import Settings
from tests.runner.floor import PERSON


@pytest.fixture
def cipher() -> Cipher:
    return Cipher(key_from(new_key()))


def test_encrypted_values_decrypt_for_their_purpose_only(cipher: Cipher) -> None:
    sealed = cipher.seal("the value", "a")
    assert "the value" not in sealed
    assert cipher.seal("the value", "a") != sealed
    assert cipher.open(sealed, "a") == "the value"
    for text, purpose in (
        (sealed, "b"),
        (sealed[:-8] + "AAAAAAAA", "a"),
        (f"{cipher.key_id}.", "a"),
    ):
        with pytest.raises(DecryptionFailed, match="the encrypted text was changed"):
            cipher.open(text, purpose)


def test_a_wrong_and_a_missing_key_are_reported(cipher: Cipher) -> None:
    sealed = cipher.seal("the value", "a")
    other = Cipher(key_from(new_key()))
    with pytest.raises(DecryptionFailed, match=r"with the secret key .* HEADWAY_SECRET_KEY"):
        other.open(sealed, "a")
    with pytest.raises(DecryptionFailed, match=r"has no secret key; .* HEADWAY_SECRET_KEY"):
        Cipher().open(sealed, "a")
    with pytest.raises(Refused, match="there is no secret key"):
        Cipher().seal("the value", "a")


@pytest.mark.parametrize("text", ["", "short", "x" * 44, "A" * 43 + "=AAAA"])
def test_invalid_keys_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in base64"):
        key_from(text)


def test_the_key_is_made_once_by_a_server_and_never_by_a_worker(tmp_path: Path) -> None:
    settings = Settings.read({"data_dir": tmp_path})
    assert make_vault(settings, may_make_key=False).key_id is None
    assert list(tmp_path.iterdir()) == []
    made = make_vault(settings, may_make_key=True).key_id
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert make_vault(settings, may_make_key=True).key_id == made
    assert make_vault(settings, may_make_key=False).key_id == made
    given = new_key()
    by_setting = make_vault(
        Settings.read({"data_dir": tmp_path, "secret_key": given}), may_make_key=True
    )
    assert by_setting.key_id == Cipher(key_from(given)).key_id


def test_a_bad_file_and_a_bad_setting_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("nonsense")
    with pytest.raises(BadSecretKey, match=r"secret.key cannot be used: .* set HEADWAY_SECRET_KEY"):
        make_vault(Settings.read({"data_dir": tmp_path}), may_make_key=True)
    with pytest.raises(ValueError, match=r"--secret-key .*32 bytes in base64") as refused:
        Settings.read({"secret_key": "nonsense"})
    assert "nonsense" not in str(refused.value)


async def test_the_nearest_of_a_name_is_seen(database: Database, cipher: Cipher) -> None:
    pool = database.pool
    for namespace, name in (("a", "X"), ("a", "Y"), ("a.b", "X"), ("a.bc", "X"), ("b", "Z")):
        await secrets.save(pool, cipher, namespace, name, f"{name} of {namespace}", PERSON)
    names = ["X", "Y", "Z"]
    assert await secrets.decrypted(pool, cipher, "a.b.c", names) == {"X": "X of a.b", "Y": "Y of a"}
    assert await secrets.decrypted(pool, cipher, "a", names) == {"X": "X of a", "Y": "Y of a"}
    assert await secrets.decrypted(pool, cipher, "c", names) == {}
    await secrets.save(pool, cipher, "a.b", "X", "another", PERSON)
    assert await secrets.decrypted(pool, cipher, "a.b", ["X"]) == {"X": "another"}
    await pool.execute("update secrets set namespace = 'c' where namespace = 'b'")
    with pytest.raises(DecryptionFailed, match="was changed"):
        await secrets.decrypted(pool, cipher, "c", names)


async def test_secrets_of_another_key_are_reported(
    database: Database, cipher: Cipher, caplog: pytest.LogCaptureFixture
) -> None:
    await secrets.save(database.pool, cipher, "a", "X", "the value", PERSON)
    await warn_of_other_keys(database.pool, cipher)
    assert caplog.messages == []
    await warn_of_other_keys(database.pool, Cipher(os.urandom(32)))
    assert caplog.messages[0].startswith("1 secrets were saved with a different key")


async def test_the_database_holds_no_value(database: Database, cipher: Cipher) -> None:
    await secrets.save(database.pool, cipher, "a", "X", "the value", PERSON)
    connection = await asyncpg.connect(database.url)
    try:
        row = await connection.fetchval("select secrets::text from secrets")
    finally:
        await connection.close()
    assert "the value" not in row
