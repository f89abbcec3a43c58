"""Every error that shadowgate raises on purpose.

The tree::

    ShadowgateError
    ├── UsageError               what was asked for cannot be done as asked        (exit 4)
    │   ├── PlanError            the plan file: unknown key, wrong type, missing file
    │   ├── ScriptError          a migration or rollback: missing, empty, syntax error
    │   └── BackupError          a backup: missing, unreadable, empty, not a dump
    ├── SetupError               this machine or server cannot host the run         (exit 4)
    │   ├── ServerError          no server, unreachable, too old, no PostGIS, not ours
    │   ├── ToolError            a client tool is missing or older than the server
    │   ├── SpaceError           the disk is too small for the copies
    │   └── ServiceError         a service on the network refuses what is sent to it
    └── ValidationError          the validation itself failed                       (exit 1)
        ├── RestoreError         the backup does not restore cleanly
        └── MigrationError       a statement of the migration or rollback failed

Each carries three things for the reader: what happened, where, and what to do about it.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class ShadowgateError(Exception):
    """Base of the tree: what happened, where it happened and what to do.

    Args:
        what: one sentence, starting with the thing it is about.
        where: file, line, statement or object; empty when the sentence says it all.
        todo: what the reader can do, as an instruction; may be empty.
        at: the file and line, from 1, that it is about, for programs; ``where`` is for people.
    """

    exit_status: ClassVar[int] = 1

    def __init__(
        self, what: str, *, where: str = "", todo: str = "", at: tuple[Path, int] | None = None
    ) -> None:
        self.what = what
        self.where = where
        self.todo = todo
        self.at = at
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.todo:
            lines.append(f"  to do: {self.todo}")
        return "\n".join(lines)


class UsageError(ShadowgateError):
    """What was asked for cannot be done as asked."""

    exit_status = 4


class PlanError(UsageError):
    """The plan file has an unknown key, a wrong type or names a file that is not there."""


class ScriptError(UsageError):
    """A migration or rollback script is missing, empty or has a syntax error."""


class BackupError(UsageError):
    """A backup is missing, unreadable, empty or not a PostgreSQL dump."""


class SetupError(ShadowgateError):
    """This machine or this server cannot host the run."""

    exit_status = 4


class ServerError(SetupError):
    """No server, unreachable, too old, without PostGIS where it is needed, or not ours."""


class ToolError(SetupError):
    """A client tool is missing or older than the server."""


class SpaceError(SetupError):
    """The disk is too small for the copies that the phases make."""


class ServiceError(SetupError):
    """A service on the network refuses what is sent to it, or does not answer."""


class ValidationError(ShadowgateError):
    """The validation itself failed: this is a finding about the input, not about the set-up.

    Args:
        what: one sentence, starting with the thing it is about.
        where: file, line, statement or object.
        todo: what the reader can do.
        at: the file and line that it is about.
        decided: ``False`` where the server or the machine gave out meanwhile, such as for want of
            disk space: then nothing was found out about the input.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        todo: str = "",
        at: tuple[Path, int] | None = None,
        decided: bool = True,
    ) -> None:
        super().__init__(what, where=where, todo=todo, at=at)
        self.decided = decided


class RestoreError(ValidationError):
    """The backup does not restore cleanly."""


class MigrationError(ValidationError):
    """A statement of the migration or of its rollback failed."""
