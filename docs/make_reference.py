"""Renders ``docs/reference.md`` from the code: options, keys of the plan file, checks.

Run ``python docs/make_reference.py`` after changing one of them; a test fails until that is done.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

from shadowgate import plan
from shadowgate.options import OPTIONS
from shadowgate.phases.check import PHASES
from shadowgate.phases.piece import Piece
from shadowgate.phases.registry import CHECKS
from shadowgate.phases.run import Run

TARGET = Path(__file__).with_name("reference.md")


def reference() -> str:
    """Render the whole page as Markdown."""
    lines = [
        "# Reference",
        "",
        "Rendered from the code by `python docs/make_reference.py`.",
        "",
        "## Options",
        "",
        "Each is an option of pytest, an environment variable and an ini key, in that order of "
        "precedence. A password belongs in the environment (`SHADOWGATE_SERVER`, `PGPASSWORD`) or "
        "in a password file, not on the command line.",
        "",
        "| option | environment | ini key | meaning | default |",
        "|---|---|---|---|---|",
        *(
            f"| `{f'{o.flag} {o.metavar}'.strip()}` | `{o.variable}` | `{o.ini}` | {_cell(o.help)} "
            f"| {f'`{o.default}`' if o.default else 'as the plan says'} |"
            for o in OPTIONS
        ),
        "",
        "## The plan file",
        "",
        "TOML beside the migration. Paths are relative to the plan file. An unknown key or a wrong "
        "type ends the run with exit status 4 and names file, key and what is allowed.",
        "",
        *_plan_tables(plan.Plan, ""),
        "## Checks",
        "",
        "Each takes evidence that the run gathers once. Evidence that a check proves sound (see "
        "the last table) blocks every other check until that one has passed. Optional checks "
        "inform and do not decide.",
        "",
    ]
    for number, (phase, title) in enumerate(PHASES.items(), 1):
        lines += [
            f"### Phase {number}: {title}",
            "",
            f"In `shadowgate/phases/{phase}/checks.py`.",
            "",
            "| check | claim | why | if it fails | takes | |",
            "|---|---|---|---|---|---|",
        ]
        for check in CHECKS:
            if check.phase == number:
                item = f"`.{check.items.name}`" if check.items else ""
                own = {"finding", "plan", check.items.name if check.items else ""}
                takes = ", ".join(f"`{name}`" for name in check.takes if name not in own)
                lines.append(
                    f"| `{check.id}`{item} | {check.claim} | {check.why} | {check.remedy} "
                    f"| {takes} | {'' if check.required else 'optional'} |"
                )
        lines.append("")
    lines += [
        "## Evidence",
        "",
        "Attributes of `shadowgate.phases.run.Run`; a project's own tests get it from the fixture "
        "`shadow_run`. While something is gathered whose durations are judged, no other run of "
        "`shadowgate run -n` works.",
        "",
        "| evidence | what it is | proven sound by | durations |",
        "|---|---|---|---|",
        *(
            f"| `{name}` | {(piece.__doc__ or '').strip().splitlines()[0]} "
            f"| {f'`{piece.proven_by}`' if piece.proven_by else ''} "
            f"| {'' if piece.durations == 'not judged' else piece.durations} |"
            for name, piece in vars(Run).items()
            if isinstance(piece, Piece)
        ),
        "",
    ]
    return "\n".join(lines)


def _plan_tables(cls: type, prefix: str) -> Iterator[str]:
    """A table for each section of the plan, the top level first."""
    notes = _attribute_docs(cls)
    hints = get_type_hints(cls)
    sections: list[tuple[str, type]] = []
    title = f"`[{prefix}]`" if prefix else "Top level"
    yield from (f"### {title}", "", _first_line(cls), "")
    yield from ("| key | type | default | meaning |", "|---|---|---|---|")
    for field in dataclasses.fields(cls):
        if cls is plan.Plan and field.name == "path":
            continue
        inner = _section_of(hints[field.name])
        name = f"{prefix}.{field.name}" if prefix else field.name
        if inner is not None:
            sections.append((name, inner))
            continue
        yield (
            f"| `{field.name}` | {_cell(_type_name(hints[field.name]))} | {_default(field)} "
            f"| {_cell(notes.get(field.name, ''))} |"
        )
    yield ""
    for name, inner in sections:
        yield from _plan_tables(inner, name)


def _section_of(hint: Any) -> type | None:
    """The section that a key holds, one or a list of; ``None`` for a plain value."""
    for candidate in (hint, *get_args(hint)):
        if isinstance(candidate, type) and dataclasses.is_dataclass(candidate):
            return candidate
    return None


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        value = field.default
        return f"`{str(value) if isinstance(value, Path) else value!r}`" if value else ""
    return "" if field.default_factory is not dataclasses.MISSING else "**required**"


def _type_name(hint: Any) -> str:
    text = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    for long in ("pathlib._local.", "pathlib.", "datetime.", "collections.abc.", "typing."):
        text = text.replace(long, "")
    return text.replace(" | None", "").replace(", ...]", "]").replace("tuple[", "list[")


def _attribute_docs(cls: type) -> dict[str, str]:
    """The string that follows each attribute in the class body."""
    body = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101  (the source of a class is a class)
    docs: dict[str, str] = {}
    for attribute, following in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(attribute, ast.AnnAssign)
            and isinstance(attribute.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            docs[attribute.target.id] = " ".join(str(following.value.value).split())
    return docs


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("``", "`")


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET}\n")
