"""What versions leave unsure is said, and nothing where they are the same."""

from __future__ import annotations

import pytest

from shadowgate.phases.environment.versions import unsure_by_versions


@pytest.mark.parametrize(
    ("server", "tools", "production", "said"),
    [
        (15, 15, 15, ()),
        (15, 15, None, ()),
        (15, 15, 17, ("Production is PostgreSQL 17, the server here 15",)),
        (14, 15, 14, ("newer than the server (14)",)),
        (17, 15, 17, ("older than the server (17)",)),
        (16, 18, 14, ("Production is PostgreSQL 14", "newer than the server (16)")),
    ],
)
def test_what_is_not_the_same_is_said(
    server: int, tools: int, production: int | None, said: tuple[str, ...]
) -> None:
    found = tuple(unsure_by_versions(server, tools, production))
    assert len(found) == len(said)
    assert all(words in sentence for words, sentence in zip(said, found, strict=True))
