"""Renews the catalogues of translations and lists what is not translated yet.

Run ``python docs/translations.py`` after adding or changing a sentence that people read, translate
what it lists in ``shadowgate/locale/*/LC_MESSAGES/shadowgate.po``, and run it again; with
``--check`` it writes nothing. Exit status: 0 all is translated and fresh, 1 it is not.

What is extracted from where is in ``pyproject.toml``, under ``[tool.babel]``.
"""

from __future__ import annotations

import datetime as dt
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
CATALOGUES = ROOT / "shadowgate" / "locale"

EXTRACT = (
    *("pybabel", "-q", "extract", "-F", str(ROOT / "pyproject.toml"), "-c", "TRANSLATORS:"),
    *(
        "-k",
        "_",
        "-k",
        "plural:1,2",
        "-k",
        "sentence",
        "-k",
        "nsentence:1,2",
        "--no-location",
        "--omit-header",
    ),
)


def extracted() -> Catalog:
    """Every message of the package, from its code, its templates and its checks."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))  # of the extractors in this folder
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "shadowgate.pot"
        cli: Any = CommandLineInterface()
        cli.run([*EXTRACT, "-o", str(template), str(ROOT / "shadowgate")])
        return read_po(io.StringIO(template.read_text("utf-8")))


def renewed(catalogue: Path, template: Catalog) -> Catalog:
    """A catalogue with the messages of now: new ones open, those that are gone left out."""
    language = catalogue.parents[1].name
    with catalogue.open("rb") as stream:
        known = read_po(stream, locale=language)
    known.update(template, no_fuzzy_matching=True)
    known.obsolete.clear()
    fresh = Catalog(locale=language, fuzzy=False)
    fresh.creation_date = fresh.revision_date = UNDATED
    fresh.mime_headers = [("Plural-Forms", known.plural_forms)]
    for message in sorted(filter(_is_said, known), key=_place):
        fresh.add(
            message.id,
            message.string,
            auto_comments=message.auto_comments,
            user_comments=message.user_comments,
            flags=message.flags,
            context=message.context,
        )
    return fresh


def written(catalogue: Catalog) -> tuple[bytes, bytes]:
    """The contents of the ``.po`` and of the ``.mo`` file."""
    text, binary = io.BytesIO(), io.BytesIO()
    write_po(text, catalogue, width=100, omit_header=True)
    write_mo(binary, catalogue)
    return HEADER.format(catalogue=catalogue).encode() + text.getvalue(), binary.getvalue()


def missing(catalogue: Catalog) -> Iterator[str]:
    """The messages that have no translation, or one that somebody has to look at."""
    for message in filter(_is_said, catalogue):
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if not all(strings) or message.fuzzy:
            yield _first(message.id)


UNDATED = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""The same messages give the same bytes."""

HEADER = """\
# Translations of shadowgate; renewed by docs/translations.py.
msgid ""
msgstr ""
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Language: {catalogue.locale}\\n"
"Plural-Forms: {catalogue.plural_forms}\\n"

"""


def _is_said(message: object) -> bool:
    return bool(getattr(message, "id", None))


def _first(forms: str | tuple[str, ...] | list[str]) -> str:
    return forms if isinstance(forms, str) else forms[0]


def _place(message: Message) -> tuple[str, str]:
    return _first(message.id), message.context or ""


def main(*, check: bool) -> int:
    """Renew every catalogue, or look whether that is needed."""
    template, status = extracted(), 0
    for path in sorted(CATALOGUES.glob("*/LC_MESSAGES/shadowgate.po")):
        catalogue = renewed(path, template)
        for target, content in zip(
            (path, path.with_suffix(".mo")), written(catalogue), strict=True
        ):
            if target.exists() and target.read_bytes() == content:
                continue
            if check:
                status = 1
                sys.stdout.write(f"{target.relative_to(ROOT)} is not fresh\n")
            else:
                target.write_bytes(content)
        for sentence in missing(catalogue):
            status = 1
            sys.stdout.write(f"{path.parents[1].name}: not translated: {sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
