"""What people read is in their language, whole; what programs read stays English."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import shutil
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from docs import translations
from docs.evidence_messages import put_together
from shadowgate import language
from shadowgate.command import main
from shadowgate.errors import PlanError, UsageError
from shadowgate.phases.finding import CheckFailed, Finding
from shadowgate.phases.results import Blocked
from shadowgate.phases.rollout.checks import triggers_are_written_down, weeks_follow_each_other
from shadowgate.phases.rollout.handed_over import write_handed_over
from shadowgate.report import (
    read_json,
    row_cells,
    row_detail,
    summary,
    to_json,
    to_markdown,
    verdict_lines,
    words,
    write_json,
)
from shadowgate.report.redact import without_secrets
from tests.selftest.report import samples
from tests.selftest.report.samples import go_sample, no_go_sample, quick_sample
from tests.selftest.report.test_html import Shape
from tests.selftest.report.test_rollout import facts, planned
from tests.selftest.shadow_runs import ROOT

PORTUGUESE = translations.CATALOGUES / "pt_BR" / "LC_MESSAGES" / "shadowgate.po"


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with PORTUGUESE.open("rb") as stream:
        return read_po(stream, locale="pt_BR")


@pytest.fixture
def portuguese() -> Iterator[None]:
    _draw_anew()
    with language.reading("pt-BR"):
        yield
    _draw_anew()


def _draw_anew() -> None:
    """Forget samples that were made for readers of another language: a drawing has words."""
    for each in vars(samples).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


# --- The catalogue --------------------------------------------------------------------------


def test_every_message_is_translated_and_the_catalogues_are_fresh(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert translations.main(check=True) == 0, capsys.readouterr().out


def test_what_is_not_translated_or_not_fresh_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shadowgate" / "locale" / "pt_BR" / "LC_MESSAGES"
    shutil.copytree(PORTUGUESE.parent, folder)
    text = PORTUGUESE.read_text("utf-8")
    (folder / PORTUGUESE.name).write_text(text.replace('msgstr "Pior consulta"', 'msgstr ""'))
    monkeypatch.setattr(translations, "CATALOGUES", folder.parents[1])
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    template = Catalog()
    template.add("Worst query")
    monkeypatch.setattr(translations, "extracted", lambda: template)
    assert translations.main(check=True) == 1
    said = capsys.readouterr().out
    assert "pt_BR: not translated: Worst query" in said
    assert "shadowgate.mo is not fresh" in said


def _forms(message: Message) -> Iterator[tuple[str, str]]:
    """Each translation with what it translates."""
    if isinstance(message.id, str):
        yield message.id, str(message.string)
    else:
        yield from zip(message.id, message.string or (), strict=True)


def _fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}


def test_a_translation_has_the_placeholders_and_the_ends_of_its_message(catalogue: Catalog) -> None:
    messages = [message for message in catalogue if message.id]
    assert len(messages) > 600
    for message in messages:
        for english, translated in _forms(message):
            assert _fields(translated) == _fields(english), english
            assert len(translated) - len(translated.lstrip()) == len(english) - len(
                english.lstrip()
            )
            assert translated.rstrip() == translated
            assert translated.endswith((".", ":")) == english.endswith((".", ":")), english


def test_the_catalogue_goes_into_the_wheel() -> None:
    """What is packed beside the modules; that the wheel speaks is tried by ``.ci/try-wheel``."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = settings["tool"]["setuptools"]["package-data"]["shadowgate"]
    found = {path for each in packed for path in (ROOT / "shadowgate").glob(each)}
    assert {PORTUGUESE, PORTUGUESE.with_suffix(".mo")} <= found


@pytest.mark.parametrize(
    "module",
    sorted((ROOT / "shadowgate").rglob("*.py")),
    ids=lambda path: path.relative_to(ROOT / "shadowgate").as_posix(),
)
def test_what_is_found_and_what_is_refused_are_sentences(module: Path) -> None:
    assert list(put_together(module)) == []


@pytest.mark.parametrize(
    "statement",
    [
        'finding.require(not lost, f"{table} lost {n} rows")',
        'finding.require_none([f"{table} is gone" for table in gone])',
        'finding.say("; ".join(f"{one} is late" for one in late))',
        'finding.note(f"{n} rows", "all")',
        'raise PlanError(f"the plan {path} does not exist")',
        'raise UsageError("no", todo=f"name {flag} with a file" if flag else "")',
    ],
)
def test_a_sentence_that_is_put_together_is_noticed(tmp_path: Path, statement: str) -> None:
    module = tmp_path / "checks.py"
    module.write_text(f"def judge():\n    {statement}\n")
    assert [line for line, _text in put_together(module)] == [2]


@pytest.mark.parametrize(
    "statement",
    [
        'finding.require(not lost, sentence("{table} is gone", table=f"the {kind} {name}"))',
        'finding.note(f"{count}", f">= {least}")',
        'raise PlanError("the plan names no baseline", where=f"{path}, {key}")',
        'raise ValueError(f"{kind} ids must be unique")',
    ],
)
def test_names_numbers_and_errors_of_the_program_may_be_put_together(
    tmp_path: Path, statement: str
) -> None:
    module = tmp_path / "checks.py"
    module.write_text(f"def judge():\n    {statement}\n")
    assert list(put_together(module)) == []


# --- Which language -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "environment", "spoken"),
    [
        ("auto", {}, "en"),
        ("auto", {"LANG": "C.UTF-8"}, "en"),
        ("auto", {"LANG": "de_DE.UTF-8"}, "en"),
        ("auto", {"LANG": "pt_BR.UTF-8"}, "pt-BR"),
        ("auto", {"LANG": "pt_BR.UTF-8", "LC_MESSAGES": "C"}, "en"),
        ("auto", {"LANG": "C", "LC_ALL": "pt_BR"}, "pt-BR"),
        ("auto", {"LANG": "pt_BR.UTF-8", "LC_ALL": ""}, "pt-BR"),
        ("en", {"LANG": "pt_BR.UTF-8"}, "en"),
        ("pt-BR", {"LANG": "C"}, "pt-BR"),
    ],
)
def test_the_language_is_the_one_asked_for_or_that_of_the_locale(
    asked: str, environment: dict[str, str], spoken: str
) -> None:
    assert language.language_of(asked, environment) == spoken


def test_a_language_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match="--lang fr is not known"):
        language.language_of("fr", {})


# --- What is said ---------------------------------------------------------------------------


@language.for_readers
def _said() -> list[str]:
    return [
        words.number(1_234_567),
        words.number(47.25),
        words.milliseconds(1234.5),
        words.duration(59.94),
        words.percent(-29.06),
        words.interval(-31.04, -27.2),
        words.value({"lost": 1.5, "rows": 251_247}),
        words.counted(no_go_sample().checks),
        language.date(dt.date(2026, 2, 13)),
        language.moment("2026-02-06T20:00:00-03:00"),
        language.ngettext("{n} row", "{n} rows", 0),
        language.ngettext("{n} row", "{n} rows", 1),
        language.ngettext("{n} row", "{n} rows", 1_000_000),
    ]


@pytest.mark.usefixtures("portuguese")
def test_numbers_dates_and_plurals_follow_the_language() -> None:
    assert _said() == [
        "1.234.567",
        "47,2",
        "1.234 ms",
        "59,9 s",
        "−29,1 %",
        "−31,0 a −27,2 %",
        "lost: 1,50; linhas: 251.247",
        f"4 reprovadas, 1 inconclusiva, {_said()[7].split(', ')[2]}, 1 omitida",
        "sex. 13/02/2026",
        "06/02/2026 20:00:00 -03:00",
        "0 linha",
        "1 linha",
        "1.000.000 linhas",
    ]


@pytest.mark.usefixtures("portuguese")
def test_what_is_no_report_stays_english() -> None:
    assert words.number(1_234_567.0) == "1,234,567"
    assert language.date(dt.date(2026, 2, 13)) == "Fri 2026-02-13"


def _english_of(catalogue: Catalog) -> set[str]:
    """The sentences that have words of their own in both languages, without their values."""
    found = set()
    for message in catalogue:
        for english, translated in _forms(message) if message.id else ():
            pieces = [piece for piece in re.split(r"\{\w+\}", english) if len(piece.split()) > 3]
            found |= {piece.strip() for piece in pieces if piece not in translated}
    return found


@pytest.mark.usefixtures("portuguese")
@pytest.mark.parametrize("sample", [go_sample, no_go_sample, quick_sample])
def test_the_page_holds_no_english_sentence_of_ours(sample: object, catalogue: Catalog) -> None:
    evidence = sample()  # type: ignore[operator]
    page = summary(evidence, "0" * 64)
    page += "".join(" ".join(row_cells(check)) + row_detail(check) for check in evidence.checks)
    shown = " ".join(Shape(page).text.split())
    drawn = " ".join(re.findall(r'(?<=aria-label=")[^"]*|(?<=<text)[^<]*', page))
    markdown, terminal = to_markdown(evidence), "\n".join(verdict_lines(evidence))
    assert "Validação em sombra" in shown
    for english in _english_of(catalogue):
        for text in (shown, drawn, markdown, terminal):
            assert english not in text, english


def test_in_english_the_same_search_finds_the_sentences(catalogue: Catalog) -> None:
    shown = Shape(summary(go_sample())).text
    assert sum(english in shown for english in _english_of(catalogue)) > 10


@pytest.mark.usefixtures("portuguese")
def test_programs_are_told_in_english() -> None:
    document = json.dumps(to_json(go_sample()))
    with language.reading("en"):
        assert document == json.dumps(to_json(go_sample()))


@pytest.mark.usefixtures("portuguese")
def test_the_rollout_plan_is_in_the_language_and_passes_its_checks(tmp_path: Path) -> None:
    plan = planned(facts())
    written = write_handed_over(plan, tmp_path, dt.datetime(2026, 2, 6, tzinfo=dt.UTC))
    text = written.read_text("utf-8")
    assert "## Semana 2: Canário (seg. 16/02/2026 a ter. 17/02/2026)" in text
    assert "| ≥ 25 % mais rápida | −31,9 % (−33,6 a −30,0 %) |" in text
    weeks_follow_each_other(plan, written, Finding())
    triggers_are_written_down(plan, written, Finding())
    with language.reading("en"), pytest.raises(CheckFailed):
        triggers_are_written_down(plan, written, Finding())


def test_markup_in_a_value_of_a_sentence_is_escaped() -> None:
    plan = {**go_sample().plan, "title": "<b>bold</b> {risk}"}
    page = summary(dataclasses.replace(go_sample(), plan=plan))
    assert "&lt;b&gt;bold&lt;/b&gt; {risk}" in page
    assert "<b>bold</b>" not in page


def test_a_sentence_that_a_run_keeps_is_english_and_is_told_with_its_values() -> None:
    kept = without_secrets(quick_sample())
    (reason,) = kept.reasons
    assert reason == (
        "performance was not judged: 20,000 rows are too few to judge timings; the plan asks for "
        "100,000"
    )
    assert to_json(kept)["reasons"] == [reason]
    with language.reading("pt-BR"):
        assert (
            "o desempenho não foi julgado: 20.000 linhas são poucas para julgar tempos; o plano "
            "pede 100.000" in Shape(summary(kept)).text
        )


def test_a_secret_in_a_sentence_is_masked_in_any_language() -> None:
    why = "no postgresql://u:s3cr3t@h/d"
    said = language.sentence("performance was not judged: {why}", why=why)
    kept = dataclasses.replace(go_sample(), reasons=(said,))
    with language.reading("pt-BR"):
        assert "s3cr3t" not in summary(kept)


def test_what_a_check_raised_stays_a_sentence() -> None:
    blocked = Blocked("migration.applied")
    assert str(blocked) == "blocked by migration.applied"
    assert isinstance(blocked.args[0], language.Sentence)


@language.for_readers
def _told(text: str) -> str:
    return language.told(text)


@pytest.mark.usefixtures("portuguese")
def test_what_is_found_is_told_with_its_numbers_its_plural_and_what_is_in_it() -> None:
    lost = language.nsentence(
        "{table}: {n:,} row lost{keys}",
        "{table}: {n:,} rows lost{keys}",
        1_204,
        table="public.orders",
        keys="",
    )
    held = language.sentence(
        "{what} takes {estimate}{stops}, with or without more rows; allowed are {limit}",
        what=language.sentence(
            "statement {number}: {lock} on {relation}",
            number=3,
            lock="AccessExclusiveLock",
            relation="orders",
        ),
        estimate=language.Shown(words.duration, 2.4),
        stops=language.sentence(", which stops {who}", who=language.sentence("writers")),
        limit=language.Shown(words.duration, 1.0),
    )
    kept = language.joined("\n", [lost, held])
    assert kept == (
        "public.orders: 1,204 rows lost\n"
        "statement 3: AccessExclusiveLock on orders takes 2.4 s, which stops writers, with or "
        "without more rows; allowed are 1.0 s"
    )
    assert _told(kept) == (
        "public.orders: 1.204 linhas perdidas\n"
        "comando 3: AccessExclusiveLock em orders leva 2,4 s, o que detém escritores, com ou sem "
        "mais linhas; o permitido é 1,0 s"
    )


@pytest.mark.usefixtures("portuguese")
def test_a_text_in_a_sentence_stays_as_it_is() -> None:
    said = language.sentence("the server is PostgreSQL {version}", version="15.20")
    assert _told(said) == "o servidor é PostgreSQL 15.20"
    named = language.sentence("left behind: {objects}", objects="table")
    assert _told(named) == "ficaram para trás: table"


def test_a_sentence_stays_one_where_it_is_turned_into_text() -> None:
    said = language.sentence("not valid: {indexes}", indexes="a, b")
    error = CheckFailed(said)
    assert isinstance(str(said), language.Sentence)
    assert isinstance(error.args[0], language.Sentence)
    assert language.joined("\n", [said]) is said
    assert language.lines_of(language.joined("\n", [said, "a\nb"])) == [said, "a", "b"]


@pytest.mark.usefixtures("portuguese")
def test_an_error_says_what_where_and_what_to_do_in_the_language() -> None:
    error = PlanError(
        language.sentence("{key} is out of range", key="undo.max_seconds"),
        where=language.sentence("{path}, key {key}", path="p.toml", key="undo.max_seconds"),
        todo=language.sentence("allowed: {allowed}", allowed=language.sentence("above 0")),
    )
    assert str(error) == (
        "undo.max_seconds is out of range\n  where: p.toml, key undo.max_seconds\n"
        "  to do: allowed: above 0"
    )
    assert language.told_error(error) == (
        "undo.max_seconds está fora do permitido\n  onde: p.toml, chave undo.max_seconds\n"
        "  o que fazer: permitido: acima de 0"
    )


def test_the_command_line_refuses_in_the_language(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "none"
    assert main(["report", "index", str(folder), "--lang", "pt-BR"]) == 4
    assert capsys.readouterr().err == (
        f"ERROR: não existe a pasta {folder}\n  o que fazer: indique uma pasta de relatórios\n"
    )
    assert main(["report", "index", str(folder), "--lang", "en"]) == 4
    assert f"there is no folder {folder}" in capsys.readouterr().err


def test_what_is_read_from_shadow_json_can_be_told_as_well(tmp_path: Path) -> None:
    write_json(quick_sample(), tmp_path / "shadow.json")
    read = read_json(tmp_path / "shadow.json")
    assert read.reasons == quick_sample().reasons
    with language.reading("pt-BR"):
        assert _told(read.reasons[0]) == _told(quick_sample().reasons[0])
        assert _told(read.reasons[0]).startswith("o desempenho não foi julgado: 20.000 linhas")
