"""An external PostgreSQL as in docs/database.md: a role that is no superuser, TLS, and client certificates."""

import asyncio
import datetime
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.local.postgres_user import as_postgres_user
from tests.api.servers import HEADWAY, serving, start_worker

pytestmark = pytest.mark.timeout(240)
RULES = """
hostssl headway headway 127.0.0.1/32 scram-sha-256 clientcert=verify-full
hostssl headway builders 127.0.0.1/32 scram-sha-256
hostssl headway plain 127.0.0.1/32 scram-sha-256
local all postgres trust
"""
SETUP = """
create role headway login password 'pw' createrole;
create role plain login password 'pw';
create database headway owner headway;
"""


def tls_programs() -> Path:
    """Returns the folder of the system's PostgreSQL programs: the bundled ones lack TLS."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("no PostgreSQL of the system")
    return found[-1].parent


class Authority:
    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.crt"
        made = self._signed(self._name, self._key, [], is_authority=True)
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def give(self, name: str, *hosts: str) -> tuple[Path, Path]:
        """Creates a certificate and its key; returns their files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate, secret = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        made = self._signed(subject, key, hosts, is_authority=False)
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        secret.touch(mode=0o600)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, secret

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        hosts: object,
        *,
        is_authority: bool,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        day = datetime.timedelta(days=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if names := [x509.DNSName(host) for host in hosts]:  # type: ignore[attr-defined]
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self._key, hashes.SHA256())


@dataclass(frozen=True)
class Guarded:
    port: int
    authority: Authority
    folder: Path

    def url(self, host: str = "localhost", user: str = "headway", **more: Any) -> str:
        given = {"sslmode": "verify-full", "sslrootcert": self.authority.file, **more}
        query = "&".join(f"{name}={quote(str(value))}" for name, value in given.items())
        return f"postgresql://{user}:pw@{host}:{self.port}/headway?{query}"

    def with_certificate(self, **more: Any) -> str:
        certificate, key = self.folder / "headway.crt", self.folder / "headway.key"
        return self.url(sslcert=certificate, sslkey=key, **more)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    programs = tls_programs()
    folder = Path(tempfile.mkdtemp(prefix="headway-tls-"))
    folder.chmod(0o755)
    home = folder / "pg"
    home.mkdir(mode=0o700)
    authority = Authority(folder, "authority")
    authority.give("headway")
    certificate, key = authority.give("server", "localhost")
    for file in (certificate, key, authority.file):
        shutil.copy(file, home / file.name)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    prefix = as_postgres_user([home], programs)

    def run(program: str, *words: str, given: str | None = None) -> None:
        command = [*prefix, str(programs / program), *words]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        done = subprocess.run(
            command, cwd=home, input=given, text=True, env=environment, check=False,
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if program != "pg_ctl" else subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    hba = home / "data" / "pg_hba.conf"
    hba.write_text(RULES)
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": home,
        "ssl": "on",
        "ssl_cert_file": home / "server.crt",
        "ssl_key_file": home / "server.key",
        "ssl_ca_file": home / "authority.crt",
    }
    options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
    run("pg_ctl", "start", "-D", "data", "-w", "-l", "log", "-o", options)
    try:
        asyncio.run(_set_up(home, port))
        yield Guarded(port, authority, folder)
    finally:
        run("pg_ctl", "stop", "-D", "data", "-m", "fast", "-w")
        shutil.rmtree(folder)


async def _set_up(home: Path, port: int) -> None:
    import asyncpg

    connection = await asyncpg.connect(
        host=str(home), port=port, user="postgres", database="postgres"
    )
    for statement in SETUP.strip().splitlines():
        await connection.execute(statement)
    await connection.close()


def migrate(url: str, tmp_path: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [HEADWAY, "migrate", "--data-dir", tmp_path, "--database-url", url],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


async def test_servers_and_workers_run_over_tls(guarded: Guarded, tmp_path: Path) -> None:
    url = guarded.with_certificate()
    with serving(tmp_path / "data", "--database-url", url, "--no-worker") as served:
        made = subprocess.run(
            [HEADWAY, "worker-role", "create", "builders", "--database-url", url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        worker_url = made.stdout.strip()
        assert "sslmode=verify-full" in worker_url and "sslkey" not in worker_url
        worker = start_worker(served.data_dir, "--database-url", worker_url)
        started = await served.client.run(
            "id: a\nnamespace: acme\ntasks: [{id: a, type: shell, run: 'true'}]"
        )
        ended = await served.client.until_ended(started["id"])
        assert ended["state"] == "SUCCESS"
        worker.terminate()
        assert worker.wait(40) == 0


def test_a_false_database_server_is_refused(guarded: Guarded, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    for url, message in (
        (guarded.with_certificate(sslrootcert=other.file), "certificate verify failed"),
        (guarded.with_certificate().replace("localhost", "127.0.0.1"), "certificate verify failed"),
        (guarded.with_certificate(sslrootcert=tmp_path / "none.crt"), "none.crt"),
    ):
        done = migrate(url, tmp_path)
        assert done.returncode == 4 and message in done.stderr, done.stderr


def test_a_client_without_a_certificate_is_refused(guarded: Guarded, tmp_path: Path) -> None:
    forged = Authority(tmp_path, "forger").give("headway")
    ours = guarded.authority.give("someone")
    for pair in ((), forged, ours):
        names: dict[str, Any] = dict(zip(("sslcert", "sslkey"), pair, strict=False))
        done = migrate(guarded.url(**names), tmp_path)
        assert done.returncode == 4, done.stderr
        assert "pw" not in done.stderr
    done = migrate(guarded.with_certificate(sslmode="disable"), tmp_path)
    assert done.returncode == 4 and "no encryption" in done.stderr


def test_a_role_that_owns_nothing_is_reported(guarded: Guarded, tmp_path: Path) -> None:
    done = migrate(guarded.url(user="plain"), tmp_path)
    assert done.returncode == 4, done.stderr
