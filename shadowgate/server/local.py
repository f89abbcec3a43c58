"""An ephemeral cluster in a temporary folder, run with the server binaries of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from shadowgate.cleanup import Guardian
from shadowgate.cleanup.claims import claim
from shadowgate.cleanup.resources import ClusterResource
from shadowgate.errors import ServerError, SetupError
from shadowgate.language import sentence
from shadowgate.progress import Progress, silent
from shadowgate.server.base import CLEANER, Endpoint, Server, ServerKind
from shadowgate.server.binaries import Installation
from shadowgate.server.cleaning import stop_processes
from shadowgate.server.facts import accepts_connections, read_facts
from shadowgate.server.scram import random_password, verifier
from shadowgate.server.settings import (
    configuration_lines,
    settings_for,
    with_library,
    with_pg_cron,
    without_library,
)
from shadowgate.server.space import fits_memory
from shadowgate.server.tools import HostTools, find_host_tools

_USER = "postgres"
_START_SECONDS = 60.0
_PORT_TRIES = 5
_UNPRIVILEGED_ACCOUNTS = ("postgres", "_postgres", "nobody")

MEMORY = Path("/dev/shm")  # noqa: S108  the cluster's own folder is private
"""A file system in memory, where Linux has one."""


@dataclass(frozen=True)
class Account:
    """The system account that the server runs as; all ``None`` is our own."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None

    def give(self, path: Path) -> None:
        """Make it the owner of a file or folder."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def process(self, directory: Path) -> dict[str, Any]:
        """How :mod:`subprocess` starts one of its processes, apart from ours, in a folder.

        Nothing of libpq's or the user's locale may reach it; messages in English.
        """
        return {
            "cwd": directory,
            "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
            "umask": 0o077,
            "user": self.uid,
            "group": self.gid,
            "extra_groups": self.groups,
        }


class LocalServer(Server):
    """A cluster that this run made and will delete; see :class:`shadowgate.server.base.Server`."""

    kind: ServerKind = "local"
    owned = True

    def __init__(
        self,
        installation: Installation,
        *,
        settings: Mapping[str, str] | None = None,
        room_bytes: int | None = None,
        archive_of: int | None = None,
        progress: Progress = silent,
    ) -> None:
        """Make the cluster and start it.

        Args:
            installation: the server binaries.
            settings: settings that win over those for this machine; libraries that they load come
                before PostGIS and before pg_cron, which is loaded wherever it is installed.
            room_bytes: space that the databases will need, all together. If it is known and memory
                has plenty of it, the cluster lies there: that a throw-away one is written to a
                disk took a tenth of a full-size run, and a quarter of a small one.
            archive_of: major version of the pg_dump that wrote the archive to restore.
            progress: told of every step.

        Raises:
            ServerError: it does not start; the message ends with what its log says.
            ToolError: it comes without client tools, and none of this machine fit.
            SetupError: we are root and there is no account that may run a server.
        """
        tools = tools_of(installation, archive_of)
        account = server_account()
        root = cluster_root(account, room_bytes)
        self._directory = root / f"shadowgate-{uuid.uuid4().hex[:12]}"
        self._resource = ClusterResource(str(self._directory))
        self._guardian = Guardian(CLEANER)
        self._process: subprocess.Popen[bytes] | None = None
        self._claim: IO[str] | None = None
        try:
            self._guardian.protect(self._resource)
            progress(f"server: making a cluster with {installation.bindir}")
            self._directory.mkdir(mode=0o700)
            self._claim = claim(self._directory, self._resource)
            password = _make_cluster(self._directory, installation, account)
            fitting = _settings(installation, root, room_bytes, settings or {})
            _write_settings(self._directory, fitting, account)
            progress("server: starting it")
            self.endpoint, self._process = _start(self._directory, installation, account, password)
            self.tools = HostTools(tools, self.endpoint)
            self.facts = read_facts(
                self, f"local cluster in {self._directory}, binaries in {installation.bindir}"
            )
        except BaseException:
            self.close()
            raise

    @property
    def directory(self) -> Path:
        """The folder that the cluster lies in."""
        return self._directory

    def free_bytes(self) -> int:
        """Free space where the cluster lies, in bytes."""
        return shutil.disk_usage(self._directory).free

    def last_words(self) -> str:
        """What it panicked of last, from which it may have recovered; or that it is gone."""
        panics = [line for line in _log_lines(self._directory) if "PANIC:" in line]
        is_gone = self._process is not None and self._process.poll() is not None
        if not (panics or is_gone):
            return ""
        said = panics[-1].strip() if panics else "its log does not say why"
        return f"the server went down while the run went on: {said}"

    def close(self) -> None:
        """Stop the server and delete the cluster."""
        stop_processes(self._directory, seconds=20)
        if self._process is not None:
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)
        if self._claim is not None:
            self._claim.close()
        self._guardian.release(self._resource)
        self._guardian.close()


def tools_of(installation: Installation, archive_of: int | None) -> Installation:
    """The client tools for a cluster: its own, if it has some that can read the archive.

    Raises:
        ToolError: it comes without client tools, and none of this machine fit.
    """
    if installation.has_client_tools and installation.major >= (archive_of or 0):
        return installation
    return find_host_tools(installation.version_num, archive_of)


def server_account() -> Account:
    """The account to run the server as: our own, but for root, who may not run one.

    Raises:
        SetupError: we are root and there is no unprivileged account to use.
    """
    if os.geteuid() != 0:
        return Account()
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _UNPRIVILEGED_ACCOUNTS:
        if name in known and known[name].pw_uid != 0:
            return Account(known[name].pw_uid, known[name].pw_gid, groups=())
    raise SetupError(
        "PostgreSQL refuses to run as root, and there is no account to run it as",
        where=sentence(
            "looked for: {unprivileged_accounts}",
            unprivileged_accounts=", ".join(_UNPRIVILEGED_ACCOUNTS),
        ),
        todo="run as an ordinary user, or add one: useradd --system postgres",
    )


def cluster_root(account: Account, room_bytes: int | None) -> Path:
    """The folder for a cluster: in memory if that is large enough, else the temporary one.

    A temporary folder that the user has named (``TMPDIR``) is used whatever memory there is.

    Args:
        account: the account that the server runs as.
        room_bytes: space that the databases will need; ``None`` if that is not known.
    """
    if room_bytes is None or "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return _temporary_root(account)
    free = min(psutil.virtual_memory().available, shutil.disk_usage(MEMORY).free)
    return MEMORY if fits_memory(room_bytes, free) else _temporary_root(account)


def _temporary_root(account: Account) -> Path:
    """The temporary folder, or ``/tmp`` where that one is closed to the server's account."""
    configured = Path(tempfile.gettempdir()).resolve()
    folders = (configured, *configured.parents)
    if account.uid is None or all(folder.stat().st_mode & stat.S_IXOTH for folder in folders):
        return configured
    return Path("/tmp")  # noqa: S108  the cluster's own folder is private


def _make_cluster(directory: Path, installation: Installation, account: Account) -> str:
    """Run ``initdb`` in a private folder; return the superuser's random password."""
    password = random_password()
    password_file = directory / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(verifier(password))
    account.give(directory)
    account.give(password_file)
    try:
        done = subprocess.run(
            [
                str(installation.bindir / "initdb"),
                *("--pgdata", str(directory / "data"), "--no-sync"),
                *("--username", _USER, "--auth", "scram-sha-256", f"--pwfile={password_file}"),
                *("--encoding", "UTF8", "--locale", "C", "--lc-ctype", _character_type()),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **account.process(directory),
        )
    finally:
        password_file.unlink()
    if done.returncode != 0:
        raise ServerError(
            "initdb could not make a cluster",
            where=f"{installation.bindir / 'initdb'}: {done.stderr.strip()}",
            todo="check that there is space and that the temporary folder (TMPDIR) is usable",
        )
    return password


def _character_type() -> str:
    """A UTF-8 locale for case mapping; the collation is C, so that order is the same anywhere."""
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False)
    have = set(listed.stdout.split())
    wanted = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8", "UTF-8")
    return next((name for name in wanted if name in have), "C")


def _settings(
    installation: Installation, root: Path, room_bytes: int | None, given: Mapping[str, str]
) -> dict[str, str]:
    settings = settings_for(root, room_bytes)
    if root == MEMORY:
        # Segments as files beside the data, which is in memory as well: a server that is killed
        # leaves none where nobody would look for them.
        settings["dynamic_shared_memory_type"] = "mmap"
    settings |= given
    if not installation.has_extension("pg_stat_statements"):  # a package of its own for some
        settings = without_library(settings, "pg_stat_statements")
    if installation.postgis_library is not None:
        settings = with_library(settings, installation.postgis_library)
    return with_pg_cron(settings) if installation.has_pg_cron else settings


def _write_settings(directory: Path, settings: Mapping[str, str], account: Account) -> None:
    """Set the settings in ``postgresql.conf``, where ``ALTER SYSTEM`` can still override them.

    TCP on the loopback alone; no Unix socket, whose path may be too long for some systems.
    """
    ours = {**settings, "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
    file = directory / "data" / "postgresql.conf"
    file.write_text(configuration_lines(ours))
    account.give(file)


def _start(
    directory: Path, installation: Installation, account: Account, password: str
) -> tuple[Endpoint, subprocess.Popen[bytes]]:
    """Start the server on a free port; another process may take that port before us, so retry."""
    for _ in range(_PORT_TRIES):
        endpoint = Endpoint("127.0.0.1", _free_port(), _USER, password)
        with (directory / "start.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    str(installation.bindir / "postgres"),
                    *("-D", str(directory / "data"), "-p", str(endpoint.port)),
                ],
                stdout=log,
                stderr=log,
                **account.process(directory),
            )
        if _answers(process, endpoint):
            return endpoint, process
        said = _what_it_said(directory)
        if "could not bind" not in said:
            break
    raise ServerError(
        "the PostgreSQL server did not start",
        where=sentence(
            "{bindir} said:\n{said}", bindir=installation.bindir / "postgres", said=said
        ),
        todo="correct the setting that it names, or run with --server container",
    )


def _answers(process: subprocess.Popen[bytes], endpoint: Endpoint) -> bool:
    """Wait until the server takes connections; ``False`` if it ended or took too long."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if accepts_connections(endpoint):
            return True
        time.sleep(0.02)
    return False


def _what_it_said(directory: Path) -> str:
    """The end of the server's messages."""
    return "".join(deque(_log_lines(directory), maxlen=15)).rstrip()


def _log_lines(directory: Path) -> Iterator[str]:
    """The server's messages, from before and after its log collector started."""
    for file in (directory / "start.log", directory / "data" / "log" / "postgresql.log"):
        if file.exists():
            with file.open(errors="replace") as lines:
                yield from lines


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
