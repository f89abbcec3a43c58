"""A picture of each way in which a run ends, in a wide window and on a telephone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from shadowgate.language import reading
from shadowgate.report import words
from tests.selftest.report.browser import BROWSER, DARK, picture_of
from tests.selftest.report.page import make_page
from tests.selftest.report.samples import SAMPLES
from tests.selftest.report.test_browser import look

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium here: Debian and Ubuntu have it as the package chromium"
)

WINDOWS: dict[str, Any] = {"en": (1280,), "pt-BR": (390, DARK)}
"""Language -> the window in which a picture is taken in it."""
LANGUAGES = tuple(WINDOWS)


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, LANGUAGES[place % 2]) for place, name in enumerate(SAMPLES)],
)
def test_the_report_of_each_end_is_a_picture_to_decide_by(
    name: str, language: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    evidence = SAMPLES[name]()
    with reading(language):
        page = make_page(evidence, tmp_path)
    profile = tmp_path_factory.mktemp("profile")
    seen = look(page, profile, 1280, 800)
    assert seen["verdict"] == evidence.verdict
    assert seen["language"] == language
    assert 1 <= len(seen["first_screen"]) <= 5
    assert max(seen["first_screen"]) <= 800
    assert seen["broken_links"] == []
    assert seen["overlaps"] == []
    width, *options = WINDOWS[language]
    target = tmp_path / "picture.png"
    picture_of(page, target, profile, (width, 1600), *options)
    with Image.open(target) as picture:
        assert picture.size == (width, 1600)
        small = picture.convert("RGB").resize((64, 80))
    assert len(small.getcolors(64 * 80) or ()) > 100
    corner: Any = small.getpixel((0, 0))
    assert (max(corner) < 80) == bool(options)  # dark where dark was asked for


def test_a_go_that_rests_on_waivers_says_so() -> None:
    said = words.headline(SAMPLES["GO with waivers"]())
    assert said.qualifier == "with waivers"
    assert "but those that the plan waives" in said.sentence
    assert words.headline(SAMPLES["GO"]()).qualifier == ""
