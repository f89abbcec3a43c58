"""The static part of the review: squawk's rules over a script's text.

squawk's own comments can switch its rules off inside the file. That is a waiver without a reason:
it is reported, and only the plan's waivers count.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from shadowgate.errors import ToolError
from shadowgate.migrate.findings import Finding
from shadowgate.migrate.script import Script, Statement, line_of, shorten

RULES_URL = "https://squawkhq.com/docs/"
IGNORED_IN_SCRIPT = "ignored-in-script"
_IGNORE = re.compile(r"squawk-ignore(?:-file)?\b.*")
_TIMEOUT_SECONDS = 60


def lint(script: Script, server_version_num: int) -> tuple[Finding, ...]:
    """Run squawk over a script.

    Args:
        script: what to read; one that needs psql is not SQL alone and gives no finding.
        server_version_num: of the server it is for, as ``server_version_num`` counts.

    Raises:
        ToolError: squawk is missing, does not end, or says something that cannot be read.
    """
    if script.needs_psql:
        return ()
    text = script.path.read_text(encoding="utf-8-sig")
    found = [_finding(entry, script) for entry in _run_squawk(text, server_version_num)]
    for match in _IGNORE.finditer(text):
        line = line_of(text, match.start())
        message = "switches a rule off without a reason that the report could show"
        link = RULES_URL + "quick_start"
        found.append(Finding(IGNORED_IN_SCRIPT, message, line, match[0], "squawk", link))
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.rule)))


def _run_squawk(text: str, server_version_num: int) -> list[dict[str, Any]]:
    command = [
        _executable(),
        "--config=/dev/null",
        "--reporter=json",
        f"--pg-version={server_version_num // 10000}.0",
    ]
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
        entries = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ToolError(
            f"squawk cannot be run: {problem}",
            where=command[0],
            todo="Install squawk-cli again: pip install --force-reinstall squawk-cli.",
        ) from problem
    except json.JSONDecodeError as problem:
        said = done.stderr.decode("utf-8", "replace").strip() or "nothing"
        raise ToolError(
            f"squawk ended with status {done.returncode} and no readable answer; it said: {said}",
            where=command[0],
            todo="Install squawk-cli again: pip install --force-reinstall squawk-cli.",
        ) from problem
    return list(entries)


def _executable() -> str:
    beside = Path(sys.executable).parent / "squawk"
    found = str(beside) if beside.exists() else shutil.which("squawk")
    if found is None:
        raise ToolError(
            "squawk is not installed",
            where=str(beside),
            todo="Install it: pip install squawk-cli.",
        )
    return found


def _finding(entry: dict[str, Any], script: Script) -> Finding:
    line = int(entry["line"]) + 1
    advice = entry.get("help")
    statement = _statement_at(script, line)
    return Finding(
        rule=str(entry["rule_name"]),
        message=f"{entry['message']} {advice}" if advice else str(entry["message"]),
        line=line,
        statement=shorten(statement.sql) if statement else "",
        source="squawk",
        link=RULES_URL + str(entry["rule_name"]),
    )


def _statement_at(script: Script, line: int) -> Statement | None:
    """The last statement that begins at a line or before it."""
    before = [statement for statement in script.statements if statement.line <= line]
    return before[-1] if before else None
