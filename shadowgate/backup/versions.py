"""What to do about a dump in words that a server does not know, with production's version in mind.

The version of the pg_dump that wrote a dump is not that of production: the machine that dumps may
have a newer one. To validate on its version would be to validate for another server.
"""

from __future__ import annotations

from shadowgate.backup.recognise import Backup
from shadowgate.language import sentence

_KNOWS_RESTRICT = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}
r"""First minor version of each major one whose psql knows ``\restrict``."""


def version_advice(backup: Backup, major: int, tools_major: int | None = None) -> str:
    """Say which client tools and which server a dump asks for.

    Args:
        backup: the dump, which need not tell any version.
        major: major version of the server here.
        tools_major: that of the client tools here, if they may be the reason.

    Returns:
        An instruction.
    """
    by, production = backup.dump_major, backup.server_major
    if backup.format != "plain" and tools_major is not None and tools_major > major:
        return sentence(
            "pg_restore here is of version {tools} and sets what the server, of version {server},"
            " does not know: use client tools of version {server}, or let this run start the server"
            " with its own (--server local or container)",
            tools=tools_major,
            server=major,
        )
    if production is None:
        program = f"pg_dump {by}" if by else sentence("a pg_dump of an unknown version")
        return sentence(
            "{program} wrote the dump, the server here is of version {server}: ask production for"
            " its version (SHOW server_version), use a server of that one (--postgis-image,"
            " --server), and dump again with a pg_dump of that one",
            program=program,
            server=major,
        )
    if production > major:
        return sentence(
            "production is of version {production}, the server here of {server}: use a server and"
            " client tools of version {production} (--postgis-image, --server)",
            production=production,
            server=major,
        )
    if by is not None and by > major:
        return sentence(
            "production is of version {production}, only pg_dump was newer ({dumped}): dump again"
            " with pg_dump {production}, and keep the server here at version {production}",
            production=production,
            dumped=by,
        )
    return sentence(
        "dump again with pg_dump {production}, production's version; what another program wrote"
        " into the dump can be taken out",
        production=production,
    )


def knows_restrict(version: int) -> bool:
    r"""Whether the psql of a version (150018 is 15.18) knows ``\restrict``."""
    major, minor = divmod(version, 10_000)
    return major > max(_KNOWS_RESTRICT) or minor >= _KNOWS_RESTRICT.get(major, 10_000)
