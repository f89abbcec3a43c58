"""The language that people read: English, or Brazilian Portuguese.

A sentence is written once, in English, and is its own key in the catalogue of the other language
(``locale/``; ``python docs/translations.py`` renews it). What programs read stays English, so
everything is said in English but inside of what is marked with :func:`for_readers`: reports, plans
and the terminal's summary. A sentence that a check finds is kept in English and translated where it
is shown, by :func:`told`.
"""

from __future__ import annotations

import datetime as dt
import gettext
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from numbers import Real
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from babel.dates import format_datetime
from babel.numbers import get_decimal_symbol, get_group_symbol

from shadowgate.errors import ShadowgateError, UsageError

P = ParamSpec("P")
T = TypeVar("T")

ENGLISH, PORTUGUESE = "en", "pt-BR"
LANGUAGES = (ENGLISH, PORTUGUESE)

CATALOGUES = Path(__file__).with_name("locale")
"""Folder of the catalogues."""

_reader = ENGLISH
_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def language_of(asked: str, environment: Mapping[str, str]) -> str:
    """The language that is asked for, or else that of the locale; English where that is another.

    Args:
        asked: ``en``, ``pt-BR``, or ``auto`` for that of the locale.
        environment: ``LC_ALL``, ``LC_MESSAGES`` and ``LANG``, the first that is set counts.

    Raises:
        UsageError: the language is neither.
    """
    if asked in LANGUAGES:
        return asked
    if asked != "auto":
        raise UsageError(
            sentence("--lang {asked} is not known", asked=asked),
            todo=sentence("say {languages} or auto", languages=", ".join(LANGUAGES)),
        )
    locale = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return PORTUGUESE if locale.lower().startswith("pt") else ENGLISH


@contextmanager
def reading(language: str) -> Iterator[None]:
    """Let what is marked with :func:`for_readers` speak a language, in all threads."""
    global _reader  # noqa: PLW0603 - one process writes for one reader
    before, _reader = _reader, language
    try:
        yield
    finally:
        _reader = before


def for_readers(function: Callable[P, T]) -> Callable[P, T]:
    """Mark a function that makes what people read: all it says is in their language."""

    @wraps(function)
    def spoken(*args: P.args, **kwargs: P.kwargs) -> T:
        token = _spoken.set(_reader)
        try:
            return function(*args, **kwargs)
        finally:
            _spoken.reset(token)

    return spoken


def spoken_language() -> str:
    """The language that is spoken here and now."""
    return _spoken.get()


def _(sentence: str, /, **values: Any) -> str:
    """A sentence in the language that is spoken, with its placeholders filled in."""
    return _filled(_catalogue(_spoken.get()).gettext(sentence), values)


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """The same for a sentence that depends on a number, which is its ``{n}``."""
    return _filled(plural(one, many, number), {"n": numeral(f"{number:,}"), **values})


def plural(one: str, many: str, number: int, /) -> str:
    """Of two forms of a sentence the one for a number, with its placeholders still open."""
    return _catalogue(_spoken.get()).ngettext(one, many, number)


def pgettext(context: str, sentence: str, /, **values: Any) -> str:
    """The same for a word that means several things; the context says which."""
    return _filled(_catalogue(_spoken.get()).pgettext(context, sentence), values)


class Sentence(str):
    """A sentence in English, as a run keeps it, that can be told in another language as well."""

    __slots__ = ("many", "message", "number", "values")

    message: str
    """Its key in the catalogues."""
    many: str
    """The form for several, of a sentence that depends on a number; else empty."""
    number: int
    values: Mapping[str, Any]
    """Of its placeholders."""

    def __str__(self) -> str:
        """Itself: ``str()`` would make a text of it that is English for good."""
        return self


class Joined(str):
    """Texts in English one after the other, such as the lines of a detail; each can be told."""

    __slots__ = ("parts", "separator")

    parts: tuple[str, ...]
    separator: str

    def __str__(self) -> str:
        """Itself, as that of :class:`Sentence`."""
        return self


class Retold(str):
    """A sentence that was read from a file, which has it in other languages as well."""

    __slots__ = ("languages",)

    languages: Mapping[str, str]

    def __str__(self) -> str:
        """Itself, as that of :class:`Sentence`."""
        return self


class Shown:
    """A value in a sentence that a function writes, which follows the language: a duration."""

    def __init__(self, show: Callable[..., str], *values: Any) -> None:
        self._show, self._values = show, values

    def __format__(self, spec: str) -> str:
        return format(self._show(*self._values), spec)


def sentence(message: str, /, **values: Any) -> Sentence:
    """A sentence that a run keeps: it is English, and :func:`told` in the reader's language.

    Values are told too where they are sentences; numbers are written by their format in the
    message (``{rows:,}``) with the separators of the language; a text stays as it is.
    """
    return _sentence(message, "", 1, values)


def nsentence(one: str, many: str, number: int, /, **values: Any) -> Sentence:
    """The same for a sentence that depends on a number, which is its ``{n}``."""
    return _sentence(one, many, number, {"n": number, **values})


def _sentence(one: str, many: str, number: int, values: Mapping[str, Any]) -> Sentence:
    made = Sentence(_filled(many if many and number != 1 else one, values))
    made.message, made.many, made.number, made.values = one, many, number, values
    return made


def shown(show: Callable[..., str], *values: Any) -> Sentence:
    """What a function writes, which follows the language, as a sentence by itself."""
    return _sentence("{shown}", "", 1, {"shown": Shown(show, *values)})


def joined(separator: str, parts: Iterable[str]) -> str:
    """Texts one after the other, each of which is told: a list, not the words of a sentence."""
    listed = tuple(map(str, parts))
    if len(listed) == 1:
        return listed[0]
    made = Joined(separator.join(listed))
    made.parts, made.separator = listed, separator
    return made


def translations(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """Sentences in all languages but English, by language and English text: what a file keeps."""
    kept = dict.fromkeys(leaf for text in texts for leaf in _leaves(text))
    found = {}
    for language in LANGUAGES[1:]:
        with reading(language):
            said = for_readers(lambda: {str(each): told(each) for each in kept})()
        found[language] = {text: other for text, other in said.items() if other != text}
    return found


def _leaves(text: str) -> Iterator[str]:
    if isinstance(text, Joined) and text.separator == "\n":
        for part in text.parts:
            yield from _leaves(part)
    elif isinstance(text, Sentence | Joined):
        yield text


def retold(text: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """A text that was read from a file, with what that says in :func:`translations`."""
    languages = {name: said[text] for name, said in known.items() if text in said}
    if languages:
        made = Retold(text)
        made.languages = languages
        return made
    if "\n" in text:
        return joined("\n", (retold(line, known) for line in text.split("\n")))
    return text


def lines_of(text: str) -> list[str]:
    """The lines of what a run keeps that say something; each can be told as the whole can."""
    if isinstance(text, Joined) and text.separator == "\n":
        return [line for part in text.parts for line in lines_of(part)]
    if isinstance(text, Sentence | Joined | Retold):
        return [text]
    return [line for line in text.splitlines() if line.strip()]


def error_lines(error: ShadowgateError) -> str:
    """What an error says, as :meth:`ShadowgateError.__str__`, so that it can be told."""
    parts = [error.what]
    if error.where:
        parts.append(sentence("  where: {place}", place=_kept(error.where)))
    if error.todo:
        parts.append(sentence("  to do: {remedy}", remedy=_kept(error.todo)))
    return joined("\n", parts)


def _kept(text: str) -> str:
    """A text that is told wherever it stands, even without values."""
    return text if isinstance(text, Sentence | Joined) else sentence(text)


@for_readers
def told_error(error: ShadowgateError) -> str:
    """What an error says, in the language of its reader."""
    return told(error_lines(error))


def told(text: str) -> str:
    """What a run keeps in English, in the language that is spoken, as far as it is known there.

    Of a text of several lines, each line.
    """
    if isinstance(text, Joined):
        return text.separator.join(map(told, text.parts))
    if isinstance(text, Retold):
        return text.languages.get(_spoken.get(), text[:])
    if isinstance(text, Sentence):
        form = (
            plural(text.message, text.many, text.number)
            if text.many
            else _catalogue(_spoken.get()).gettext(text.message)
        )
        return _filled(form, {name: _value(each) for name, each in text.values.items()})
    if "\n" in text:
        return "\n".join(map(told, text.split("\n")))
    todo = text.partition("To do: ")
    if todo[1] and not todo[0]:
        return _("To do: {remedy}", remedy=told(todo[2]))
    return _catalogue(_spoken.get()).gettext(text) if text else text


class _Numeral:
    """A number in a sentence, with the separators of the language."""

    def __init__(self, number: Real) -> None:
        self._number = number

    def __format__(self, spec: str) -> str:
        return numeral(format(self._number, spec))


def _value(value: Any) -> Any:
    """A value in a sentence, as it is told."""
    if isinstance(value, str):
        return told(value) if isinstance(value, Sentence | Joined | Retold) else value
    return _Numeral(value) if isinstance(value, Real) else value


def numeral(text: str) -> str:
    """A number as Python writes it (``1,234.50``), with the separators of the language."""
    locale = _locale()
    if locale == ENGLISH:
        return text
    separators = get_group_symbol(locale) + get_decimal_symbol(locale)
    return text.translate(str.maketrans(",.", separators))


def date(day: dt.date, /) -> str:
    """A day with its weekday: ``Fri 2026-02-13``."""
    moment = dt.datetime.combine(day, dt.time())
    # TRANSLATORS: how a day is written, in the letters of Unicode's date patterns
    return str(format_datetime(moment, _("EEE yyyy-MM-dd"), locale=_locale()))


def moment(text: str, /) -> str:
    """A moment in ISO 8601, for people; a text that is none as it is."""
    try:
        parsed = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    if parsed.tzinfo is None:
        return text.replace("T", " ")
    # TRANSLATORS: how a moment is written, in the letters of Unicode's date patterns
    return str(format_datetime(parsed, _("yyyy-MM-dd HH:mm:ssxxx"), parsed.tzinfo, _locale()))


def _filled(sentence: str, values: Mapping[str, Any]) -> str:
    return sentence.format(**values) if values else sentence


def _locale() -> str:
    """The language as Babel and the folders of the catalogues call it."""
    return _spoken.get().replace("-", "_")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation("shadowgate", CATALOGUES, [language.replace("-", "_")])
