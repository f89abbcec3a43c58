"""Generated backups: made once, cached by what they depend on, and nothing left behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shadowgate.backup import (
    cache_directory,
    cached_path,
    examine_backup,
    generated_backup,
    restore,
)
from shadowgate.errors import SetupError, UsageError
from shadowgate.server import Database, Databases, Server
from tests.selftest.conftest import MakeDatabase

SCRIPT = """
import argparse, sys
import psycopg

parser = argparse.ArgumentParser()
for name in ("rows", "seed", "state"):
    parser.add_argument(f"--{name}")
options = parser.parse_args()
with psycopg.connect(autocommit=True) as connection:
    connection.execute("CREATE TABLE made (n int, seed text, state text)")
    connection.execute(
        "INSERT INTO made SELECT i, %s, %s FROM generate_series(1, %s) AS i",
        (options.seed, options.state, int(options.rows)),
    )
sys.stderr.write("made the rows\\n")
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A generator in a folder of its own."""
    folder = tmp_path / "generator"
    folder.mkdir()
    path = folder / "generate.py"
    path.write_text(SCRIPT)
    (folder / "schema.sql").write_text("SELECT 1;")
    return path


@pytest.fixture
def databases(server: Server) -> Iterator[Databases]:
    with Databases(server) as opened:
        yield opened


def make(
    script: Path, server: Server, databases: Databases, told: list[str] | None = None, rows: int = 5
) -> Path:
    return generated_backup(
        script,
        rows=rows,
        seed=7,
        state="flat",
        server=server,
        databases=databases,
        cache=script.parent.parent / "cache",
        progress=(told if told is not None else []).append,
    )


def database_names(server: Server) -> set[str]:
    with server.maintenance.connect() as connection:
        return {row[0] for row in connection.execute("SELECT datname FROM pg_database")}


def test_the_script_fills_what_is_dumped_and_its_lines_are_progress(
    script: Path,
    server: Server,
    databases: Databases,
    make_database: MakeDatabase,
    tmp_path: Path,
) -> None:
    before, told = database_names(server), list[str]()
    path = make(script, server, databases, told)
    assert "generating: made the rows" in told
    assert database_names(server) == before
    backup = examine_backup(path)
    assert backup.format == "custom"
    target: Database = make_database("template0")
    restore(backup, server.tools, target, workspace=tmp_path)
    with target.connect() as connection:
        rows = connection.execute("SELECT count(*), min(seed), min(state) FROM made").fetchone()
    assert rows == (5, "7", "flat")


def test_a_second_run_takes_it_from_the_cache(
    script: Path, server: Server, databases: Databases
) -> None:
    first = make(script, server, databases)
    stamp, told = first.stat().st_mtime_ns, list[str]()
    assert make(script, server, databases, told) == first
    assert first.stat().st_mtime_ns == stamp
    assert told == [f"generated backup found in the cache: {first.name}"]


def test_runs_at_the_same_time_leave_one_whole_backup(
    script: Path, server: Server, databases: Databases
) -> None:
    with Databases(server) as others, ThreadPoolExecutor(2) as pool:
        paths = [
            future.result()
            for future in [pool.submit(make, script, server, run) for run in (databases, others)]
        ]
    assert paths[0] == paths[1]
    assert list(paths[0].parent.iterdir()) == [paths[0]]
    assert examine_backup(paths[0]).format == "custom"


def test_the_cache_is_keyed_by_all_that_the_content_depends_on(
    script: Path, tmp_path: Path
) -> None:
    def key(rows: int = 1, seed: int = 1, state: str = "flat") -> Path:
        return cached_path(script, rows=rows, seed=seed, state=state, cache=tmp_path)

    keys = [key(), key(rows=2), key(seed=2), key(state="partitioned")]
    (script.parent / "notes.txt").write_text("no part of the generator")
    assert key() == keys[0]
    (script.parent / "schema.sql").write_text("SELECT 2;")
    keys.append(key())
    (script.parent / "more").mkdir()
    (script.parent / "more" / "words.py").write_text("WORDS = 1")
    keys.append(key())
    script.write_text(SCRIPT + "# changed")
    keys.append(key())
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_a_failing_script_is_reported_with_its_last_words_and_leaves_nothing(
    ending: str, script: Path, server: Server, databases: Databases
) -> None:
    before = database_names(server)
    script.write_text(
        f"{SCRIPT}\nsys.stderr.write('no room left\\n'); sys.stderr.flush()\n{ending}"
    )
    with pytest.raises(SetupError, match="no room left") as error:
        make(script, server, databases)
    assert str(script) in error.value.where
    assert database_names(server) == before
    assert list((script.parent.parent / "cache").iterdir()) == []


def test_interrupted_it_stops_the_script_and_drops_the_database(
    script: Path, server: Server, databases: Databases
) -> None:
    before = database_names(server)
    script.write_text(
        "import sys, time, psycopg\n"
        "connection = psycopg.connect(application_name='generator under test')\n"
        "print('ready', file=sys.stderr, flush=True)\n"
        "time.sleep(60)\n"
    )

    def interrupt(message: str) -> None:
        if message == "generating: ready":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generated_backup(
            script,
            rows=1,
            seed=1,
            state="flat",
            server=server,
            databases=databases,
            cache=script.parent / "cache",
            progress=interrupt,
        )
    assert database_names(server) == before


def test_a_missing_script_is_a_usage_error(
    tmp_path: Path, server: Server, databases: Databases
) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        make(tmp_path / "a" / "nothing.py", server, databases)


def test_a_cache_that_cannot_be_written_is_reported(
    script: Path, server: Server, databases: Databases
) -> None:
    (script.parent.parent / "cache").write_text("a file where the folder should be")
    with pytest.raises(SetupError, match="cannot be kept") as error:
        make(script, server, databases)
    assert "SHADOWGATE_CACHE" in error.value.todo


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"SHADOWGATE_CACHE": "/elsewhere"}, "/elsewhere"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/shadowgate"),
        ("linux", {}, "/home/someone/.cache/shadowgate"),
        ("darwin", {}, "/home/someone/Library/Caches/shadowgate"),
    ],
)
def test_the_cache_lies_where_the_platform_keeps_caches(
    platform: str, environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SHADOWGATE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/someone", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_directory() == Path(expected)
