"""The documentation says what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from shadowgate.checks import CATALOGUE

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


def test_every_check_of_the_catalogue_has_exactly_one_test_with_a_claim() -> None:
    claims: dict[str, int] = {}
    for module in sorted((ROOT / "tests" / "phases").glob("test_*.py")):
        text = module.read_text(encoding="utf-8")
        for spec in CATALOGUE:
            claims[spec.id] = claims.get(spec.id, 0) + text.count(f'check("{spec.id}")')
    wrong = {check: count for check, count in claims.items() if count != 1}
    assert not wrong


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "docs/reference.md"])
def test_links_between_pages_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{page} links to {target}"
