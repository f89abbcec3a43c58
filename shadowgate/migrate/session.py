"""The session that production's runner applies a script in: its time limits, path and role."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class SessionSettings:
    """Parameters that a session has before the script's first statement; empty is the server's own.

    They are given when the session is opened, so that ``RESET`` in a script leads back to them.
    """

    statement_timeout: str = ""
    lock_timeout: str = ""
    search_path: str = ""
    role: str = ""

    @property
    def given(self) -> dict[str, str]:
        """Parameter -> value, of those that are given."""
        values = ((each.name, getattr(self, each.name)) for each in fields(self))
        return {name: value for name, value in values if value}

    @property
    def options(self) -> str:
        """As libpq's ``options``, in which a blank parts arguments and a backslash protects."""
        return " ".join(f"-c {name}={_protected(value)}" for name, value in self.given.items())

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas of the search path, unquoted; none where the server's own is used."""
        return schemas_of_path(self.search_path)


def schemas_of_path(search_path: str) -> tuple[str, ...]:
    """The schemas that a value of ``search_path`` names, unquoted."""
    names = (part.strip().strip('"') for part in search_path.split(","))
    return tuple(name for name in names if name)


def _protected(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
