"""Finding PostgreSQL server binaries and client tools on this machine."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shadowgate.server.base import PROGRAMS

OLDEST_MAJOR = 14
"""Older servers are refused: they lack what the phases rely on, and are out of support."""

INSTALLATION_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/libpq/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
"""Where Debian, RPM packages, Homebrew and Postgres.app put versions side by side."""


@dataclass(frozen=True, order=True)
class Installation:
    """One installed version of PostgreSQL."""

    version_num: int
    """As ``server_version_num`` counts: 150018 is 15.18."""
    bindir: Path
    sharedir: Path

    @property
    def major(self) -> int:
        """Major version, such as 15."""
        return self.version_num // 10000

    @property
    def has_server(self) -> bool:
        """True if a cluster can be made and run with it."""
        return all((self.bindir / name).exists() for name in ("postgres", "initdb"))

    @property
    def has_client_tools(self) -> bool:
        """True if all the client tools that are used are there."""
        return all((self.bindir / program).exists() for program in PROGRAMS)

    @property
    def has_postgis(self) -> bool:
        """True if PostGIS is installed for it."""
        return self.has_extension("postgis")

    @property
    def postgis_library(self) -> str | None:
        """Name of the library that PostGIS's functions are in; ``None`` if that cannot be told."""
        if not self.has_postgis:
            return None
        control = self.sharedir / "extension" / "postgis.control"
        found = re.search(r"^module_pathname *= *'\$libdir/([\w.-]+)'", control.read_text(), re.M)
        return found[1] if found else None

    @property
    def has_pg_cron(self) -> bool:
        """True if pg_cron is installed for it."""
        return self.has_extension("pg_cron")

    def has_extension(self, name: str) -> bool:
        """True if an extension is installed for it."""
        return (self.sharedir / "extension" / f"{name}.control").exists()


def version_number(text: str) -> int | None:
    """Read a version as ``server_version_num`` counts from what a tool prints of itself.

    ``pg_dump (PostgreSQL) 15.20 (Debian …)`` is 150020; a development version such as ``18beta1``
    counts as its ``.0``; ``None`` if there is no version in the text.
    """
    found = re.search(r"PostgreSQL\)? (\d+)(?:\.(\d+))?", text)
    if found is None:
        return None
    return int(found[1]) * 10000 + int(found[2] or 0)


def installations(places: Sequence[str] = INSTALLATION_PLACES) -> tuple[Installation, ...]:
    """All installed versions of PostgreSQL, newest first; of equal ones, the PATH's first."""
    found: dict[Path, Installation] = {}
    for config in _pg_configs(places):
        installation = _describe(config)
        if installation is not None:
            found.setdefault(installation.bindir.resolve(), installation)
    return tuple(sorted(found.values(), key=lambda one: one.version_num, reverse=True))


def with_postgis(found: Iterable[Installation]) -> Installation | None:
    """The first one that is new enough and can serve PostGIS."""
    return next((one for one in found if is_usable(one) and one.has_postgis), None)


def is_usable(installation: Installation) -> bool:
    """Whether a cluster of a supported version can be made with it."""
    return installation.has_server and installation.major >= OLDEST_MAJOR


def server_for(
    found: Iterable[Installation], *, major: int | None = None, postgis: bool = True
) -> Installation | None:
    """The installation that stands best for production.

    Args:
        found: all there are, newest first.
        major: production's major version, if it is known: its own comes first, then the next newer
            one, to which production may move; an older one may lack what production has.
        postgis: prefer one that has PostGIS, whatever its version.

    Returns:
        ``None`` if no cluster can be made with any.
    """

    def order(one: Installation) -> tuple[bool, bool, int, bool]:
        distance = 0 if major is None else one.major - major
        without = not one.has_postgis
        return (postgis and without, distance < 0, abs(distance), without)

    return min(filter(is_usable, found), key=order, default=None)


def tools_for(
    found: Iterable[Installation], major: int, archive_of: int | None = None
) -> Installation | None:
    """The client tools for a server: of its own major version, or else of the next newer one.

    Newer ones than needed say to a server what it does not know, such as its parameters.

    Args:
        found: all there are, newest first.
        major: major version of the server.
        archive_of: major version of the pg_dump that wrote the archive to restore, if there is one:
            older tools may not be able to read it.
    """
    fitting = (one for one in found if one.has_client_tools and one.major >= major)

    def order(one: Installation) -> tuple[bool, int]:
        return (one.major < (archive_of or 0), one.major)

    return min(fitting, key=order, default=None)


def _pg_configs(places: Sequence[str]) -> Iterator[Path]:
    on_path = shutil.which("pg_config")
    if on_path:
        yield Path(on_path)
    for pattern in places:
        root = Path(pattern).anchor
        for directory in sorted(Path(root).glob(str(Path(pattern).relative_to(root)))):
            if (directory / "pg_config").exists():
                yield directory / "pg_config"


def _describe(pg_config: Path) -> Installation | None:
    """Ask one ``pg_config``; ``None`` if it does not work, as when its server was uninstalled."""
    asked = subprocess.run(
        [pg_config, "--version", "--bindir", "--sharedir"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = asked.stdout.splitlines()
    version = version_number(lines[0]) if lines else None
    if asked.returncode != 0 or version is None or len(lines) != 3:
        return None
    return Installation(version, Path(lines[1]), Path(lines[2]))
