"""A PostgreSQL server of the tests' own: made in a temporary folder, reached on loopback, stopped at their end.

The server refuses to run as root; there it runs as the user `postgres`, which Debian's package makes.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import URL

__all__ = ["Cluster", "binaries", "cluster"]


def binaries() -> Path | None:
    """Return the folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


class Cluster:
    """A server with the superuser `owner`; `fresh` gives empty databases, `schema` empty places in one, sooner."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self._count = folder, port, 0

    def url(self, database: str, role: str = "owner", password: str = "secret") -> str:
        """Return a URL as a user writes it."""
        made = URL.create("postgresql", role, password, "127.0.0.1", self.port, database)
        return made.render_as_string(hide_password=False)

    def fresh(self) -> str:
        """Make an empty database and return its URL."""
        self._count += 1
        self.run(f"CREATE DATABASE gateway_{self._count}")
        return self.url(f"gateway_{self._count}")

    def schema(self) -> str:
        """Make an empty schema in the database `postgres` and return a URL whose connections see it alone."""
        self._count += 1
        self.run(f"CREATE SCHEMA gateway_{self._count}")
        return f"{self.url('postgres')}?options=-csearch_path%3Dgateway_{self._count}"

    def run(self, statement: str, url: str = "") -> list[tuple]:
        """Run a statement as the owner; returns its rows."""
        with psycopg.connect(url or self.url("postgres"), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def control(self, *words: str) -> None:
        """Run pg_ctl on it."""
        _as_owner(["pg_ctl", "-D", str(self.folder / "data"), "-s", *words])

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=on"
        self.control("start", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options)

    def crash(self) -> None:
        """Stop it as a power cut of its process would, without a checkpoint, and start it again."""
        self.control("stop", "-m", "immediate", "-w")
        self.start()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Make, start and, at the end, stop and remove a server."""
    folder = Path(tempfile.mkdtemp(prefix="drillyard-postgres-"))
    try:
        folder.chmod(0o755)
        if os.getuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        secret = folder / "password"
        secret.write_text("secret\n")
        secret.chmod(0o644)
        words = ["initdb", "-D", str(folder / "data"), "-U", "owner", f"--pwfile={secret}", "-A", "scram-sha-256"]
        _as_owner([*words, "-E", "UTF8", "--no-locale"])
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        made = Cluster(folder, port)
        made.start()
        try:
            yield made
        finally:
            made.control("stop", "-m", "immediate", "-w")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_owner(words: list[str]) -> None:
    """Run one of the server's programs as somebody who is not root."""
    user = "postgres" if os.getuid() == 0 else None
    command = [str(binaries() / words[0]), *words[1:]]
    found = subprocess.run(
        command, user=user, group=user, extra_groups=[] if user else None, cwd="/", env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120,
    )  # fmt: skip
    assert found.returncode == 0, (words[0], found.stderr)
