"""The commands of the tutorial and of the how-to page, run as a reader runs them, in one folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shadowgate.server import Server
from tests.selftest.shadow_runs import ROOT

_BLOCK = re.compile(r"^```sh(?: exit=(?P<status>\d))?\n(?P<commands>.*?)^```$", re.M | re.S)
PAGES = ("tutorial.md", "how-to.md")


def commands(page: str) -> str:
    """A page's blocks of commands as one script, each held to the exit status that it names."""
    blocks = list(_BLOCK.finditer((ROOT / "docs" / page).read_text("utf-8")))
    assert blocks, page
    script = ""
    for block in blocks:
        if block["status"]:
            said = block["commands"].strip()
            script += (
                f"status=0\n{said} || status=$?\n[ $status -eq {block['status']} ] || exit 99\n"
            )
        else:
            script += block["commands"]
    return script


@pytest.fixture
def environment(server: Server, tmp_path: Path) -> dict[str, str]:
    """What a reader has: git, PostgreSQL's tools, a server, and shadowgate on the path."""
    shim = tmp_path / "bin" / "shadowgate"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m shadowgate "$@"\n', "utf-8")
    shim.chmod(0o755)
    at = server.endpoint
    return {
        **os.environ,
        "PATH": f"{shim.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SHADOWGATE_SERVER": "local",
        "SERVER": f"postgresql://{at.user}@{at.host}:{at.port}/postgres",
        **{"PGHOST": at.host, "PGPORT": str(at.port), "PGUSER": at.user},
        "PGPASSWORD": at.password or "",
        **{f"GIT_{who}_NAME": "reader" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "reader@example.org" for who in ("AUTHOR", "COMMITTER")},
    }


def test_the_commands_of_the_pages_end_as_the_pages_say(
    environment: dict[str, str], tmp_path: Path
) -> None:
    script = "set -eu\n" + "".join(map(commands, PAGES))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    drop = ["dropdb", "--if-exists", "shop"]
    subprocess.run(drop, env=environment, check=True, capture_output=True)
    assert done.returncode == 0, done.stdout[-4000:]
    first, then = re.findall(
        r"^shadowgate changed: .*?^verdict   (?:NO-)?GO$", done.stdout, re.M | re.S
    )[:2]
    assert "missing-rollback" in first
    assert "lock-without-timeout" in done.stdout
    assert "GO          0002_note" in then
    document = json.loads((tmp_path / "shop/reports/shadow.json").read_text("utf-8"))
    failed = {each["id"] for each in document["checks"] if each["status"] == "failed"}
    assert "rollback.rows_identical" in failed
