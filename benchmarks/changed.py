"""How long a pull request waits: ``./run bench changed`` judges one migration, then three at once.

The help desk of ``examples/tickets`` with more tickets, in a git repository of its own; its
migrations only add. Printed is how long ``shadowgate changed`` took, and what each run's time went
into, by phase. Exit status: 0 when every verdict is GO, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowgate.phases.check import PHASES
from shadowgate.server import Databases, open_server

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "tickets"
FOLDER = "db/migration"
BASE = ("V1__tickets.sql", "V2__messages.sql")
TICKETS = """
INSERT INTO public.tickets (subject, status, agent_id, opened_at)
SELECT format('More %s', n), 'open', 1 + n % 50, '2026-02-05'::timestamptz + n * interval '1 minute'
FROM generate_series(1, {} - (SELECT count(*)::integer FROM public.tickets)) AS n
"""
MORE = {
    "V4__ticket_notes.sql": "CREATE TABLE public.ticket_notes (\n"
    "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
    "    ticket_id bigint NOT NULL,\n"
    "    note text NOT NULL\n"
    ");\n",
    "U4__ticket_notes.sql": "SET lock_timeout = '2s';\nDROP TABLE public.ticket_notes;\n",
    "V5__ticket_source.sql": "SET lock_timeout = '2s';\n"
    "ALTER TABLE public.tickets ADD COLUMN IF NOT EXISTS source text;\n",
    "U5__ticket_source.sql": "SET lock_timeout = '2s';\n"
    "ALTER TABLE public.tickets DROP COLUMN IF EXISTS source;\n",
}
"""Beside the example's own V3, which adds a column too."""


@dataclass(frozen=True)
class Batch:
    """One call of ``shadowgate changed``."""

    document: Mapping[str, Any]
    """``changed.json``."""
    seconds: float

    @property
    def is_go(self) -> bool:
        """Whether the verdict is GO."""
        return bool(self.document["verdict"] == "GO")

    def lines(self) -> Iterator[str]:
        """The whole, then each migration, with what its time went into."""
        judged = self.document["migrations"]
        number = f"{len(judged)} migration{'s' if len(judged) > 1 else ''}"
        yield f"{number}: {self.document['verdict']} in {self.seconds:.1f} s"
        in_runs = 0.0
        for each in judged:
            in_runs += each["seconds"]
            yield f"  {each['name']}: {each['verdict']} in {each['seconds']:.1f} s: {_parts(each)}"
        yield f"  beside the runs: {self.seconds - in_runs:.1f} s"


def _parts(migration: Mapping[str, Any]) -> str:
    shadow = json.loads((Path(migration["reports"]) / "shadow.json").read_text(encoding="utf-8"))
    seconds = Counter[str]()
    for check in shadow["checks"]:
        seconds[list(PHASES)[check["phase"] - 1]] += check["seconds"]
    rest = migration["seconds"] - sum(seconds.values())
    told = [f"{phase} {took:.1f}" for phase, took in seconds.items() if took >= 0.05]
    return ", ".join([*told, f"start, server and reports {rest:.1f}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0 when every verdict is GO, 1 otherwise."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="shadowgate-bench-") as folder:
        backup = Path(folder) / "production.dump"
        _make_backup(backup, options.rows)
        batches = []
        for name, more in (("one", {}), ("three", MORE)):
            project = _project(Path(folder) / name, more)
            for _ in range(options.times):
                batch = _judge(project, backup, options.others)
                batches.append(batch)
                print("\n".join(batch.lines()), flush=True)  # noqa: T201 - what it is for
    return 0 if all(batch.is_go for batch in batches) else 1


def _make_backup(target: Path, rows: int) -> None:
    """What production holds: the example's own script, and more tickets."""
    server = open_server("local", postgis=False)
    try:
        with Databases(server) as databases:
            production = databases.create("desk")
            with production.connect() as connection:
                connection.execute((EXAMPLE / "production.sql").read_bytes())
                connection.execute(TICKETS.format(rows).encode())
            done = server.tools.run(
                "pg_dump",
                ["--format=custom", "--file={dump}"],
                database=production.name,
                files={"dump": target},
            )
            if done.status:
                raise SystemExit(done.stderr)
    finally:
        server.close()


def _project(folder: Path, more: Mapping[str, str]) -> Path:
    """A repository whose branch adds the example's V3, and more."""
    migrations = folder / FOLDER
    migrations.mkdir(parents=True)
    _git(folder, "init", "--quiet", "--initial-branch=base")
    for name in BASE:
        (migrations / name).write_bytes((EXAMPLE / FOLDER / name).read_bytes())
    _commit(folder)
    _git(folder, "checkout", "--quiet", "-b", "change")
    for path in (EXAMPLE / FOLDER).glob("?3__*.sql"):
        (migrations / path.name).write_bytes(path.read_bytes())
    for name, text in more.items():
        (migrations / name).write_text(text, encoding="utf-8")
    _commit(folder)
    return folder


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message=x")


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def _judge(project: Path, backup: Path, others: Sequence[str]) -> Batch:
    command = [sys.executable, "-m", "shadowgate", "changed", "base", "--server=local"]
    command += [f"--backup={backup}", f"--queries={EXAMPLE / 'queries'}", *others]
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    if done.returncode not in (0, 1):
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(4)
    document = json.loads((project / "reports" / "changed.json").read_text(encoding="utf-8"))
    for each in document["migrations"]:
        each["reports"] = str(project / each["reports"])
    return Batch(document, seconds)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench changed", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="tickets (default 20000)")
    parser.add_argument("--times", type=int, default=1, help="calls for each (default 1)")
    parser.add_argument(
        "others", nargs="*", help="further options of shadowgate changed, behind --"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
