"""Versions that are not the same everywhere, and what a verdict leaves unsure because of them."""

from __future__ import annotations

from collections.abc import Iterator

from shadowgate.language import sentence


def unsure_by_versions(server: int, tools: int, production: int | None) -> Iterator[str]:
    """What versions leave unsure, a sentence each.

    Args:
        server: major version of the server here.
        tools: that of its client tools.
        production: that of the server that the backup was taken from, where it tells.
    """
    if production is not None and production != server:
        yield sentence(
            "Production is PostgreSQL {production}, the server here {server}: locks, table"
            " rewrites, plans and messages may differ between them; a server of production's"
            " version leaves nothing open",
            production=production,
            server=server,
        )
    if tools > server:
        yield sentence(
            "The client tools are of version {tools}, newer than the server ({server}): pg_restore"
            " and pg_dump may say what it does not know, such as parameters; tools of version"
            " {server} do not",
            tools=tools,
            server=server,
        )
    if tools < server:
        yield sentence(
            "The client tools are of version {tools}, older than the server ({server}): pg_dump"
            " refuses it, so the snapshot that phase 8 takes cannot be made",
            tools=tools,
            server=server,
        )
