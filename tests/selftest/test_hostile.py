"""Names, messages and passwords that somebody chose to do harm, through a whole run.

One run on a server of somebody else's, from the environment to the pull request: of a dump whose
schema, tables, columns, partitions and roles have such names, in a folder and from a file that have
them too, with a migration that speaks to whoever shows its messages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from psycopg import sql

from shadowgate.server import Server
from tests.selftest.backup.dumps import dump
from tests.selftest.plain_database import plain_database
from tests.selftest.report.gfm import read
from tests.selftest.server_files import files_of
from tests.selftest.shadow_runs import ROOT

SECRET = "s3ntinel +%/@: 'é"  # noqa: S105  of a role that is gone with the test
MARKUP = "<img src=x onerror=alert(1)>"
SCHEMA = 'Sch; "ema" \'--'
TABLE = ('Ta ble"; DROP TABLE x; -- <b> é 100%s {x} ' + "x" * 63).encode()[:63].decode()
PARTITION = "part `a` | $(touch pwned) | b"
COLUMN = f'co"l, {MARKUP}'
NEW = 'new "; @octocat [a](http://evil.example)'
FOLDER = f"d ir; 'é\" $(touch pwned) ::error::{'<b>'}"
FILE = "1 'add' \"x\"; ::error file=a::pwned, <img src=x onerror=alert(2)> @octocat.sql"

NOTICE = (
    f"{MARKUP}\n::error file=x.sql,line=1::pwned\n::set-output name=verdict::GO\n"
    "##[error]pwned\r::warning::pwned\n| a | b |\n@octocat [x](javascript:alert(1)) <!-- -->"
)
KEY = "\n::error::pwned by a row\n##[error]pwned\n" + MARKUP


def q(*names: str) -> str:
    return ".".join('"{}"'.format(name.replace('"', '""')) for name in names)


@dataclass(frozen=True)
class Hostile:
    """What a run left."""

    status: int
    output: str
    published: str
    folder: Path
    seen: frozenset[str]
    """Command lines of all processes while it went on."""
    unchanged: bool
    """Whether somebody else's database is byte for byte what it was."""
    databases: tuple[set[str], set[str]]

    @property
    def reports(self) -> Path:
        """Where the reports are."""
        return self.folder / "reports"

    @property
    def files(self) -> dict[str, str]:
        """Every file below the folder that the run wrote, as text."""
        found = (path for path in self.reports.rglob("*") if path.is_file())
        return {path.name: path.read_text("utf-8", errors="replace") for path in found}


class Processes(threading.Thread):
    """Notes the command line of every process, again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[str] = set()
        self.done = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self.done.wait(0.01):
            for process in psutil.process_iter(["cmdline"]):
                self.seen.add("\0".join(process.info["cmdline"] or ()))


@pytest.fixture(scope="module")
def hostile(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    folder = tmp_path_factory.mktemp("hostile") / FOLDER
    folder.mkdir()
    role, owner = f'us er"; é {uuid.uuid4().hex[:8]}', f"ow'ner; {uuid.uuid4().hex[:8]}"
    with server.maintenance.connect() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(SECRET)
            )
        )
        connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(owner)))
        with plain_database(server) as production:
            fill(server, production.name, owner)
            backup = dump(server, production, folder / "du mp'; é.dump", "--format=custom")
            yield run(server, production.name, folder, backup, role)
        for name in (role, owner):
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def fill(server: Server, name: str, owner: str) -> None:
    with server.database(name).connect() as connection:
        for statement in (
            f"CREATE SCHEMA {q(SCHEMA)} AUTHORIZATION {q(owner)}",
            f"CREATE TABLE {q(SCHEMA, TABLE)} ({q(COLUMN)} bigint PRIMARY KEY, t text)"
            f" PARTITION BY RANGE ({q(COLUMN)})",
            f"CREATE TABLE {q(SCHEMA, PARTITION)} PARTITION OF {q(SCHEMA, TABLE)} DEFAULT",
            f"COMMENT ON TABLE {q(SCHEMA, TABLE)} IS '{MARKUP}'",
            f"ALTER TABLE {q(SCHEMA, TABLE)} OWNER TO {q(owner)}",
            f"INSERT INTO {q(SCHEMA, TABLE)} SELECT g, 'x' FROM generate_series(1, 1500) AS g",  # noqa: S608
            "CREATE TABLE plain (id text PRIMARY KEY, t text)",
            "INSERT INTO plain SELECT 'k' || g, 'x' FROM generate_series(1, 1500) AS g",
            f"INSERT INTO plain VALUES ('{KEY}', 'x')",  # noqa: S608
            "VACUUM (ANALYZE)",
        ):
            connection.execute(statement.encode())


def run(server: Server, production: str, folder: Path, backup: Path, role: str) -> Hostile:
    literal = NOTICE.replace("'", "''")
    (folder / FILE).write_text(
        "SET lock_timeout = '2s';\n"
        f"ALTER TABLE {q(SCHEMA, TABLE)} ADD COLUMN IF NOT EXISTS {q(NEW)} text;\n"
        f"DO $do$ BEGIN RAISE NOTICE '%', E'{literal}'; END $do$;\n"
        f"DELETE FROM plain WHERE id = '{KEY}';\n",  # which the rollback does not bring back
        encoding="utf-8",
    )
    (folder / FILE.replace(".sql", ".down.sql")).write_text(
        "SET lock_timeout = '2s';\n"
        f"ALTER TABLE {q(SCHEMA, TABLE)} DROP COLUMN IF EXISTS {q(NEW)};\n",
        encoding="utf-8",
    )
    at = server.endpoint
    uri = (
        f"postgresql://{quote(role, safe='')}:{quote(SECRET, safe='')}@{at.host}:{at.port}/postgres"
    )
    before, there = files_of(server, production), names(server)
    watching = Processes()
    watching.start()
    done = command(folder, "check", FILE, f"--backup={backup.name}", env={"SHADOWGATE_SERVER": uri})
    watching.done.set()
    watching.join()
    summary = folder / "summary.md"
    published = command(
        folder,
        *("publish", "reports", "--github"),
        env={"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(folder / "output")},
    )
    return Hostile(
        done.returncode,
        done.stdout,
        published.stdout,
        folder,
        frozenset(watching.seen),
        files_of(server, production) == before,
        (there, names(server)),
    )


def command(folder: Path, *arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shadowgate", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def names(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def test_names_stop_nothing_and_the_one_thing_wrong_is_found(hostile: Hostile) -> None:
    document = json.loads(hostile.files["shadow.json"])
    wrong = {
        check["id"]: check["detail"]
        for check in document["checks"]
        if check["status"] in ("failed", "inconclusive") and not check["follows"]
    }
    assert hostile.status == 1, hostile.output[-3000:]
    assert set(wrong) == {"rollback.rows_identical"}, wrong
    assert "pwned by a row" in hostile.output
    assert len(document["queries"]) > 2


def test_nothing_was_executed_that_a_name_says(hostile: Hostile) -> None:
    assert not list(hostile.folder.parent.rglob("pwned"))


def test_somebody_elses_databases_are_what_they_were(hostile: Hostile) -> None:
    assert hostile.unchanged
    assert hostile.databases[0] == hostile.databases[1]


def test_the_password_is_in_no_file_no_output_and_no_process_list(hostile: Hostile) -> None:
    for secret in (SECRET, quote(SECRET, safe=""), quote(SECRET)):
        assert secret not in hostile.output + hostile.published
        for name, text in hostile.files.items():
            assert secret not in text, name
        assert not any(secret in line for line in hostile.seen)
    assert any("pg_dump" in line for line in hostile.seen)  # it was looked at the right moment


def test_no_line_of_a_run_is_a_workflow_command(hostile: Hostile) -> None:
    """The log of a job is read line by line, whoever wrote it."""
    for line in hostile.output.splitlines():
        assert not line.lstrip().startswith("::"), line
        assert not line.startswith("##["), line


def test_publishing_gives_the_commands_that_are_meant_and_no_other(hostile: Hostile) -> None:
    commands = [line for line in hostile.published.splitlines() if line.lstrip().startswith("::")]
    assert commands
    for line in commands:
        head = line.split("::")[1]
        assert head.split(" ")[0] in ("error", "warning", "notice", "group", "endgroup"), line
        assert "pwned" not in head.split("title=")[-1], line
    assert not any("##[" in line for line in hostile.published.splitlines() if line not in commands)


class Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one."""
        self.found.append((tag, dict(attrs)))


def test_the_page_shows_names_and_does_nothing_that_they_say(hostile: Hostile) -> None:
    page = hostile.files["shadow.html"]
    tags = Tags()
    tags.feed(page)
    assert not [attributes for _, attributes in tags.found if "onerror" in attributes]
    assert not [
        attributes for tag, attributes in tags.found if (tag, attributes.get("src")) == ("img", "x")
    ]
    assert not [
        attributes
        for _, attributes in tags.found
        if (attributes.get("href") or "").lower().startswith(("javascript", "http://evil"))
    ]
    assert "&lt;img" in page


@pytest.mark.parametrize("name", ["shadow.md", "summary.md"])
def test_the_markdown_shows_names_and_does_nothing_that_they_say(
    hostile: Hostile, name: str
) -> None:
    path = hostile.reports / name if name == "shadow.md" else hostile.folder / name
    text = path.read_text("utf-8")
    rendered = read(text)
    assert not rendered.tags & {"img", "script", "b"}
    assert "@octocat" not in rendered.prose
    assert "http://evil" not in rendered.prose
