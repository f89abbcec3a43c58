"""The static part of the review: squawk's rules over a script's text.

squawk's own comments can switch its rules off inside the file. They are hidden from it: with a
reason they are waivers like any other, without one they are reported and accept nothing.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shadowgate.errors import ToolError
from shadowgate.language import sentence
from shadowgate.migrate.findings import ScriptFinding, in_order
from shadowgate.migrate.inline_waivers import ignored_without_reason
from shadowgate.migrate.script import Script, Statement
from shadowgate.migrate.squawk_rules import with_standing

RULES_URL = "https://squawkhq.com/docs/"
IGNORED_IN_SCRIPT = "ignored-in-script"
_IGNORE = re.compile(r"squawk-ignore")
_HIDDEN = "squawk_ignore"
"""As long, so that every place in the text stays where it is."""
_TIMEOUT_SECONDS = 60


def lint(script: Script, server_version_num: int) -> tuple[ScriptFinding, ...]:
    """Run squawk over a script; what it finds by policy alone is a note.

    Args:
        script: what to read; one that needs psql is not SQL alone and gives no finding.
        server_version_num: of the server it is for, as ``server_version_num`` counts.

    Raises:
        ToolError: squawk is missing, does not end, or says something that cannot be read.
    """
    if script.needs_psql:
        return ()
    text = script.path.read_text(encoding="utf-8-sig")
    entries = _run_squawk(_IGNORE.sub(_HIDDEN, text), server_version_num)
    places = _Places(text, script)
    found = [with_standing(_finding(entry, places)) for entry in entries]
    for line, comment in ignored_without_reason(script):
        message = sentence("switches a rule off without a reason; write one after a colon")
        link = RULES_URL + "quick_start"
        found.append(ScriptFinding(IGNORED_IN_SCRIPT, message, line, comment, "squawk", link))
    return tuple(in_order(found))


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
            sentence("squawk cannot be run: {problem}", problem=str(problem)),
            where=command[0],
            todo="Install squawk-cli again: pip install --force-reinstall squawk-cli.",
        ) from problem
    except json.JSONDecodeError as problem:
        said = done.stderr.decode("utf-8", "replace").strip() or sentence("nothing")
        raise ToolError(
            sentence(
                "squawk ended with status {status} and no readable answer; it said: {said}",
                status=done.returncode,
                said=said,
            ),
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


@dataclass(frozen=True)
class _Places:
    """Finds the statement at a line and column."""

    text: str
    script: Script

    def statement_at(self, line: int, column: int) -> Statement | None:
        """The last statement that begins there or before.

        Both are counted from 0, and the column in bytes.
        """
        lines = self.text.split("\n")
        begun = lines[line].encode()[:column].decode(errors="ignore") if line < len(lines) else ""
        offset = sum(len(each) + 1 for each in lines[:line]) + len(begun)
        before = [each for each in self.script.statements if each.offset <= offset]
        return before[-1] if before else None


def _finding(entry: dict[str, Any], places: _Places) -> ScriptFinding:
    line = int(entry["line"])
    advice = entry.get("help")
    statement = places.statement_at(line, int(entry.get("column", 0)))
    return ScriptFinding(
        rule=str(entry["rule_name"]),
        message=f"{entry['message']} {advice}" if advice else str(entry["message"]),
        line=line + 1,
        statement=statement.excerpt if statement else "",
        source="squawk",
        link=RULES_URL + str(entry["rule_name"]),
    )
