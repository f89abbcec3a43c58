"""Tells whether two wordings differ in nothing but the names of what was renamed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shadowgate.catalogue.sentences import in_words
from shadowgate.migrate.announced.model import Renaming
from shadowgate.migrate.announced.names import split


def without_names(value: object, renamings: Iterable[Renaming]) -> str:
    """A value with the same mark for the old and the new name of each renaming."""
    text = in_words(value)
    for number, item in enumerate(renamings):
        mark = f"<{number}>"
        for old, new in zip(item.old, item.new, strict=True):
            for name in sorted({old, new}, key=len, reverse=True):
                text = _replace_word(text, name, mark)
            bare = {split(name)[0][-1] for name in (old, new)}
            for name in sorted(bare, key=len, reverse=True):
                text = _replace_word(text, name, mark)
        # A view keeps the names of its columns: what was "a" reads "b AS a" from now on.
        text = text.replace(f"{mark} AS {mark}", mark)
    return text


def whole_word(name: str) -> re.Pattern[str]:
    """A pattern of a name where it is not a part of a longer one."""
    return re.compile(rf'(?<![\w"]){re.escape(name)}(?![\w"])')


def _replace_word(text: str, word: str, mark: str) -> str:
    return whole_word(word).sub(mark, text)
