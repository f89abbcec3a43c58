"""The documentation says what the code does."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest

from shadowgate.phases.check import PHASES
from shadowgate.plan.script_comments import OF_FILES
from shadowgate.repository.layouts import BY_NAME
from shadowgate.repository.settings import Settings

ROOT = Path(__file__).parents[2]


def test_the_reference_is_what_the_code_renders() -> None:
    script = ROOT / "docs" / "make_reference.py"
    spec = importlib.util.spec_from_file_location("make_reference", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == module.reference(), "run python docs/make_reference.py"


def test_this_project_names_every_phase_in_its_order() -> None:
    modules = sorted((ROOT / "tests" / "phases").glob("test_*.py"))
    for (number, phase), module in zip(enumerate(PHASES, 1), modules, strict=True):
        assert module.name == f"test_{number:02}_{phase}.py"
        line = f"from shadowgate.phases.{phase}.checks import *\n"
        assert module.read_text(encoding="utf-8") == line


PAGES = [
    *("README.md", "CHANGELOG.md", "examples/README.md"),
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
]


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs").glob("*.md"):
        assert f"({path.name})" in index or path.name == "README.md", path.name


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{page} links to {target}"


def test_every_setting_layout_and_rule_of_changed_is_documented() -> None:
    page = (ROOT / "docs" / "changed.md").read_text(encoding="utf-8")
    keys = {each.name for each in dataclasses.fields(Settings)} - {"path"}
    for word in (*keys, *BY_NAME, *OF_FILES):
        assert f"| `{word}` |" in page, word


def test_the_package_knows_nothing_of_its_first_user() -> None:
    words = re.compile(r"villa|catalogo|31983|251", re.IGNORECASE)
    for path in (ROOT / "shadowgate").rglob("*"):
        if path.is_file() and path.suffix not in (".pyc", ".mo"):
            found = words.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path}: {found}"
