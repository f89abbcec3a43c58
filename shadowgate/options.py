"""What the command line, the ini file and the environment ask for, resolved into one object.

An option on the command line wins over its environment variable, which wins over its ini key.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shadowgate.errors import UsageError
from shadowgate.evidence import shown_path
from shadowgate.language import ENGLISH, language_of, sentence
from shadowgate.plan import NAME_BYTES, TRANSACTIONS, Plan, derived_plan, read_plan


@dataclass(frozen=True)
class Option:
    """One option: its flag, its other names, and its help."""

    flag: str
    metavar: str
    default: str
    help: str
    switch: bool = False
    """Takes no value on the command line; ``true`` or ``false`` elsewhere."""

    @property
    def ini(self) -> str:
        """Ini key: ``shadowgate_rows`` for ``--rows``."""
        return f"shadowgate_{self.dest}"

    @property
    def dest(self) -> str:
        """Name of its value among parsed arguments."""
        return self.flag.lstrip("-").replace("-", "_")

    @property
    def variable(self) -> str:
        """Environment variable: ``SHADOWGATE_ROWS`` for ``--rows``."""
        return self.ini.upper()


PLAN = Option(
    "--plan", "FILE.toml", "", "the validation plan: what is validated, against which limits"
)

LANG = Option(
    "--lang",
    "LANGUAGE",
    "auto",
    "language of what people read: en, pt-BR, or auto for that of the locale (LC_ALL, "
    "LC_MESSAGES, LANG); what programs read stays English",
)

OPTIONS: tuple[Option, ...] = (
    PLAN,
    Option("--migration", "FILE.sql", "", "the migration script, instead of the plan's"),
    Option("--rollback", "FILE.sql", "", "the rollback script, instead of the plan's"),
    Option(
        "--backup",
        "PATH",
        "",
        "a production dump to restore (plain, gzip, zstd, custom, directory or tar; told apart by "
        "content), instead of a generated one",
    ),
    Option(
        "--source",
        "postgresql://…/DB",
        "",
        "a running database to dump and restore instead of a backup: it is only read",
    ),
    Option(
        "--shadow",
        "postgresql://…/DB",
        "",
        "a database that is a copy of production already, on a server of yours, instead of a "
        "backup and a server: it is cloned there, and never written or connected to",
    ),
    Option(
        "--exclude-table-data",
        "TABLES",
        "",
        "tables of the source whose rows are left out, with commas between, as pg_dump takes them",
    ),
    Option(
        "--production",
        "FILE.json",
        "",
        "what `shadowgate preflight --json` wrote: production's rows, for a backup that has fewer",
    ),
    Option("--queries", "DIR", "", "folder with a file for each query, instead of the plan's"),
    Option(
        "--apply",
        "FILES",
        "",
        f"scripts that come before the migration and that the backup has not, separated by "
        f"`{os.pathsep}`: applied in order right after the restore, behind those of the plan",
    ),
    Option(
        "--transaction",
        "HOW",
        "",
        "how production's runner applies the migration, instead of the plan's [runner] transaction:"
        " file (all in one transaction) or statement (each by itself)",
    ),
    Option("--rows", "N", "", "rows of the generated backup, instead of the plan's"),
    Option(
        "--server",
        "WHERE",
        "auto",
        "where PostgreSQL runs: auto, container, local, or postgresql://… for a server of yours, "
        "on which only databases made by this suite are touched",
    ),
    Option(
        "--database",
        "NAME",
        "",
        "name of the shadow, which its copies are called after, instead of the plan's: two runs at "
        "once on one server need two",
    ),
    Option("--postgis-image", "IMAGE", "", "container image to use instead of building ours"),
    Option(
        "--statement-timeout",
        "TIME",
        "",
        "statement_timeout that production's runner sets before a script, such as 30s",
    ),
    Option("--lock-timeout", "TIME", "", "lock_timeout that it sets, such as 2s"),
    Option("--search-path", "SCHEMAS", "", "search_path that it sets, such as app,public"),
    Option("--role", "ROLE", "", "role that it applies scripts as, with the rights of production"),
    Option(
        "--margin",
        "POINTS",
        "0",
        "percentage points that the interval of each query must end below its limit: judged is"
        " against limits lowered by it",
    ),
    LANG,
    Option("--reports", "DIR", "reports", "folder for shadow.html, shadow.json and the rest"),
    Option(
        "--update-baseline",
        "",
        "false",
        "write the plan's committed baseline (what each query touches) anew and show what changed; "
        "a run that changes it is not GO",
        switch=True,
    ),
    Option(
        "--pdf",
        "",
        "false",
        "print shadow.html on A4 as shadow.pdf as well, by the Chromium that is on the machine",
        switch=True,
    ),
    Option(
        "--cold",
        "",
        "false",
        "measure the reading queries with a cold buffer cache as well; shown, not judged",
        switch=True,
    ),
    Option(
        "--all",
        "",
        "false",
        "go on measuring once the verdict is NO-GO already: whatever is timed is timed to the end, "
        "and the later optimisations are simulated",
        switch=True,
    ),
    Option(
        "--no-rehearsal",
        "",
        "false",
        "leave out the rehearsal of the rollout under traffic; its check is then inconclusive",
        switch=True,
    ),
)
"""Every option that the suite adds to pytest."""


@dataclass(frozen=True)
class Request:
    """A resolved request: what to validate, where, and where to report."""

    plan: Plan
    server: str
    image: str | None
    reports: Path
    generated_rows: int | None
    """Rows to generate; ``None`` when a dump is restored instead."""
    update_baseline: bool = False
    """Write the committed baseline anew."""
    cold: bool = False
    """Measure with a cold buffer cache as well."""
    all_checks: bool = False
    """Go on measuring once the verdict is NO-GO already."""
    no_rehearsal: bool = False
    """Leave out the rehearsal of the rollout."""
    pdf: bool = False
    """Print the page as a PDF as well."""
    language: str = ENGLISH
    """Of what people read."""
    source: str = field(default="", repr=False)
    """URI of a running database to dump; may have a password."""
    without_rows: tuple[str, ...] = ()
    """Tables of the source whose rows are left out."""
    shadow: str = field(default="", repr=False)
    """URI of a database to clone; may have a password."""

    def described(self) -> dict[str, Any]:
        """What the report says of the plan."""
        plan = self.plan
        return {
            "name": plan.name,
            "title": plan.title,
            "file": plan.path.name,
            "migration": plan.migration.name,
            "rollback": plan.rollback.name if plan.rollback else "",
            "files": self._files(),
            "database": plan.database,
            "generated_rows": self.generated_rows,
            "limit_percent": plan.performance.limit_percent,
            "limits": plan.performance.limits_by_query,
            "overall_percent": plan.performance.overall_percent,
            "targets": dict(plan.performance.targets),
        }

    def _files(self) -> dict[str, str]:
        """Where the plan and its scripts lie, as readers of the report know it."""
        plan = self.plan
        named = {"migration": plan.migration, "rollback": plan.rollback}
        if not plan.derived:
            named["plan"] = plan.path
        return {what: shown_path(path) for what, path in named.items() if path is not None}


def resolve(
    given: Callable[[str], str | bool | None], ini: Callable[[str], str], root: Path, here: Path
) -> Request:
    """Resolve the options.

    Args:
        given: value of a flag on the command line (of a switch, ``True``), ``None`` if it is not
            there.
        ini: value of an ini key, empty if it is not set.
        root: folder that the defaults are relative to (the project's).
        here: folder that what the user typed is relative to.

    Raises:
        UsageError: a number that is none, or a plan that cannot be used.
    """
    values: dict[str, str] = {}
    typed: dict[str, bool] = {}
    for option in OPTIONS:
        asked = given(option.flag) or os.environ.get(option.variable)
        typed[option.flag] = bool(asked)
        values[option.flag] = str(asked or ini(option.ini) or option.default)

    def path(flag: str) -> Path:
        return ((here if typed[flag] else root) / Path(values[flag]).expanduser()).resolve()

    paths = {flag: path(flag) for flag in ("--plan", *_OVERRIDES) if values[flag]}
    plan = _override(_plan(paths), paths)
    plan = _with_database(plan, values["--database"])
    plan = _with_earlier(plan, values["--apply"], here if typed["--apply"] else root)
    plan = _with_runner(plan, values)
    plan = _with_margin(plan, values["--margin"])
    rows = _rows(values["--rows"], plan)
    update = _truth("--update-baseline", values)
    if update:
        _refuse_update(plan, rows)
    source, shadow = values["--source"], values["--shadow"]
    _require_one_backup(plan, source, shadow, paths)
    if shadow:
        if values["--rows"]:
            raise UsageError(
                "--rows sets the size of the generated backup, but a shadow was given",
                todo="leave out one of --rows and --shadow",
            )
        plan = dataclasses.replace(plan, backup=dataclasses.replace(plan.backup, path=None))
    for flag in ("--source", "--shadow"):
        _refuse_password(flag, given(flag))
    if shadow and values["--server"] != "auto":
        raise UsageError(
            "--shadow and --server name two servers",
            todo="leave out --server: databases are cloned where the shadow is",
        )
    if plan.backup.path is None and plan.backup.generator is None and not source and not shadow:
        raise UsageError(
            "there is no backup to restore, and nothing to generate one",
            todo="name a dump made by pg_dump with --backup, or in the plan's [backup] path; a"
            " running database with --source, or a copy of it with --shadow",
        )
    return Request(
        plan=dataclasses.replace(plan, backup=dataclasses.replace(plan.backup, rows=rows)),
        server=values["--server"],
        image=values["--postgis-image"] or None,
        reports=path("--reports"),
        generated_rows=None if plan.backup.path or source or shadow else rows,
        source=source,
        shadow=shadow,
        without_rows=tuple(filter(None, map(str.strip, values["--exclude-table-data"].split(",")))),
        update_baseline=update,
        cold=_truth("--cold", values),
        all_checks=_truth("--all", values),
        no_rehearsal=_truth("--no-rehearsal", values),
        pdf=_truth("--pdf", values),
        language=language_of(values["--lang"], os.environ),
    )


def _with_margin(plan: Plan, text: str) -> Plan:
    """The plan with its limits lowered by that many percentage points."""
    try:
        points = float(text)
    except ValueError:
        points = math.nan
    performance = plan.performance
    lowest = min(performance.limit_percent, *performance.limits_by_query.values(), math.inf)
    if not 0 <= points < lowest:
        raise UsageError(
            sentence("--margin {text} leaves no limit to judge against", text=text),
            todo=sentence(
                "give a number of percentage points from 0 to below {lowest:g}",
                lowest=lowest,
            ),
        )
    lowered = dataclasses.replace(
        performance,
        limit_percent=performance.limit_percent - points,
        limits=tuple(
            dataclasses.replace(limit, percent=limit.percent - points)
            for limit in performance.limits
        ),
    )
    return dataclasses.replace(plan, performance=lowered)


def _require_one_backup(plan: Plan, source: str, shadow: str, paths: Mapping[str, Path]) -> None:
    """Refuse a source or a shadow beside a dump, or both."""
    backup = paths.get("--backup", None if shadow else plan.backup.path)
    named = {"--backup": backup, "--source": source, "--shadow": shadow}
    both = [flag for flag, value in named.items() if value]
    if len(both) > 1:
        raise UsageError(
            "there are two backups: it is not clear which is meant",
            where=" and ".join(both),
            todo="leave out one of them",
        )


def _refuse_password(flag: str, typed: str | bool | None) -> None:
    """Refuse a password on a command line, which others can read."""
    if typed and re.match(r"\w+://[^/@]*:[^/@]+@|.*[?&]password=", str(typed)):
        raise UsageError(
            sentence(
                "{flag} has a password on the command line, where others can read it",
                flag=flag,
            ),
            todo=sentence(
                "pass it in PGPASSWORD, in a password file, or the whole URI in SHADOWGATE_{flag}",
                flag=flag.lstrip("-").upper(),
            ),
        )


def _plan(paths: Mapping[str, Path]) -> Plan:
    """The plan file, or else what can be told of the migration without one."""
    if "--plan" in paths:
        return read_plan(paths["--plan"])
    if "--migration" in paths:
        return derived_plan(
            paths["--migration"], paths.get("--rollback"), paths.get("--queries"), dt.date.today()
        )
    raise UsageError(
        "there is no plan and no migration: nothing says what is to be validated",
        todo="name a plan file with --plan, or a script with --migration",
    )


_OVERRIDES = ("--migration", "--rollback", "--backup", "--queries", "--production")


def _override(plan: Plan, paths: Mapping[str, Path]) -> Plan:
    return dataclasses.replace(
        plan,
        migration=paths.get("--migration", plan.migration),
        rollback=paths.get("--rollback", plan.rollback),
        backup=dataclasses.replace(plan.backup, path=paths.get("--backup", plan.backup.path)),
        workload=dataclasses.replace(
            plan.workload, queries=paths.get("--queries", plan.workload.queries)
        ),
        production=dataclasses.replace(
            plan.production, preflight=paths.get("--production", plan.production.preflight)
        ),
    )


def _with_database(plan: Plan, name: str) -> Plan:
    if len(name.encode()) > NAME_BYTES:
        raise UsageError(
            sentence("--database {name} is too long: copies are called after it", name=name),
            todo=sentence("use at most {bytes} bytes", bytes=NAME_BYTES),
        )
    return dataclasses.replace(plan, database=name or plan.database)


def _with_earlier(plan: Plan, files: str, folder: Path) -> Plan:
    """Scripts to apply right after the restore, behind those that the plan names itself."""
    named = [Path(name).expanduser() for name in files.split(os.pathsep) if name]
    more = dict.fromkeys((folder / path).resolve() for path in named)
    apply = (*plan.backup.apply, *(path for path in more if path not in plan.backup.apply))
    return dataclasses.replace(plan, backup=dataclasses.replace(plan.backup, apply=apply))


OF_SOURCE = ("--source", "--exclude-table-data", "--shadow")

OF_RUNNER = {
    "--transaction": "transaction",
    "--statement-timeout": "statement_timeout",
    "--lock-timeout": "lock_timeout",
    "--search-path": "search_path",
    "--role": "role",
}
"""Option -> its key in ``[runner]``."""


def _with_runner(plan: Plan, values: Mapping[str, str]) -> Plan:
    transaction = values["--transaction"]
    if transaction and transaction not in TRANSACTIONS:
        raise UsageError(
            sentence("--transaction {transaction} is not known", transaction=transaction),
            todo=sentence("say {transactions}", transactions=" or ".join(TRANSACTIONS)),
        )
    given: dict[str, Any] = {key: values[flag] for flag, key in OF_RUNNER.items() if values[flag]}
    return dataclasses.replace(plan, runner=dataclasses.replace(plan.runner, **given))


def _rows(text: str, plan: Plan) -> int | None:
    if not text:
        return plan.backup.rows
    if plan.backup.path:
        raise UsageError(
            "--rows sets the size of the generated backup, but a backup was given",
            todo="leave out one of --rows and --backup",
        )
    if not text.isdecimal() or int(text) < 1_000:
        raise UsageError(
            sentence("--rows {text} is not a size to generate", text=text),
            todo="give a whole number from 1000 up",
        )
    return int(text)


def _truth(flag: str, values: Mapping[str, str]) -> bool:
    value = values[flag].lower()
    if value not in ("true", "false"):
        raise UsageError(
            sentence(
                "{flag} is a switch, and its value {value} is neither true nor false",
                flag=flag,
                value=values[flag],
            ),
            todo=sentence(
                "pass {flag} alone, or set its variable or ini key to true or false",
                flag=flag,
            ),
        )
    return value == "true"


def _refuse_update(plan: Plan, rows: int | None) -> None:
    """Keep a baseline from being written that later runs of the plan could not be held against."""
    if plan.performance.baseline is None:
        raise UsageError(
            "--update-baseline has nothing to write: the plan names no baseline",
            where=sentence("{path}, key performance.baseline", path=plan.path),
            todo="name the file there, relative to the plan",
        )
    if rows != plan.backup.rows:
        raise UsageError(
            sentence(
                "--update-baseline with --rows {rows} would write a baseline of "
                "other rows than the plan's {planned}",
                rows=rows,
                planned=plan.backup.rows,
            ),
            todo="leave out --rows",
        )
