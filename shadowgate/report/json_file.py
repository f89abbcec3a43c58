"""``shadow.json``: the run as programs read it. The contract is ``shadow.schema.json``."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import resources
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import cattrs
import jsonschema

from shadowgate.errors import UsageError
from shadowgate.evidence import SCHEMA, Evidence
from shadowgate.language import retold, sentence, translations
from shadowgate.report.redact import redacted_text, without_secrets


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that every ``shadow.json`` satisfies."""
    text = resources.files(__package__).joinpath("shadow.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def to_json(evidence: Evidence) -> dict[str, Any]:
    """Turn evidence into the plain data of ``shadow.json``: no secrets, no figures.

    Values that JSON does not know become their nearest kin: a dataclass is its fields, a NaN or an
    infinity ``null``, a date or a path its text, a set a sorted list.

    Raises:
        ValueError: two checks or two queries share an id.
    """
    clean = without_secrets(evidence)
    _refuse_doubles("check", [check.id for check in clean.checks])
    _refuse_doubles("query", [query.id for query in clean.queries])
    return {
        "schema": SCHEMA,
        "verdict": clean.verdict,
        "quick": clean.quick,
        "risk": clean.risk,
        "reasons": list(clean.reasons),
        "plan": _plain(clean.plan),
        "inputs": dict(clean.inputs),
        "server": _plain(clean.server),
        "started": clean.started,
        "seconds": _plain(clean.seconds),
        "checks": _plain(clean.checks),
        "queries": {query.id: _plain(query) for query in clean.queries},
        "translations": translations(_texts((clean.reasons, clean.checks, clean.queries))),
    }


def write_json(evidence: Evidence, path: Path) -> None:
    """Write ``shadow.json`` so that a reader sees the old file or the whole new one, never half.

    Raises:
        OSError: the folder cannot be made or written.
    """
    write_document(to_json(evidence), path)


def write_document(document: Any, path: Path) -> None:
    """Write any document of JSON in the same way.

    Raises:
        OSError: the folder cannot be made or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        # A byte that is no UTF-8 arrives as a lone surrogate; its escape is valid JSON.
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text + "\n")
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def read_json(path: Path) -> Evidence:
    """Read a ``shadow.json`` again: everything but the figures, which it does not have.

    Raises:
        UsageError: the file is missing, is no JSON, or does not satisfy the schema.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.validate(document, json_schema())
    except OSError as problem:
        raise UsageError(
            sentence("there is no report to read: {reason}", reason=problem.strerror),
            where=str(path),
            todo="see the output of the run: it ended before it began to judge",
        ) from problem
    except (ValueError, jsonschema.ValidationError) as problem:
        said = getattr(problem, "message", str(problem))
        raise UsageError(
            sentence(
                "the report cannot be read: {redacted_text}",
                redacted_text=redacted_text(str(said))[:200],
            ),
            where=str(path),
            todo=sentence(
                "run the validation again with this release, which writes version {schema}",
                schema=SCHEMA,
            ),
        ) from problem
    known = document.pop("translations", {})
    fields = {**document, "queries": list(document["queries"].values())}
    return _CONVERTER.structure(_retold(fields, known), Evidence)


def _retold(value: Any, known: Mapping[str, Mapping[str, str]]) -> Any:
    """The same data, in which sentences are known in the languages that the file has."""
    if isinstance(value, str):
        return retold(value, known)
    if isinstance(value, list):
        return [_retold(item, known) for item in value]
    if isinstance(value, dict):
        return {retold(key, known): _retold(item, known) for key, item in value.items()}
    return value


def _texts(value: Any) -> Iterator[str]:
    """Every text in evidence, keys included, but for what is kept in other files."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            if each.name not in _IN_FILES:
                yield from _texts(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts(item)


def _converter() -> cattrs.Converter:
    """Reads what :func:`_plain` has written: a number that JSON does not know is ``null``."""
    made = cattrs.Converter()
    made.register_structure_hook(
        float, lambda value, _type: math.nan if value is None else float(value)
    )
    return made


_CONVERTER = _converter()


_IN_FILES = frozenset({"figures", "plans"})
"""Fields that are kept on the page, or in files of their own."""


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    if dataclasses.is_dataclass(value):
        names = [each.name for each in dataclasses.fields(value) if each.name not in _IN_FILES]
        value = {name: getattr(value, name) for name in names}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = [_plain(item) for item in value]
        return items if isinstance(value, list | tuple) else sorted(items, key=str)
    return str(value)


def _refuse_doubles(kind: str, ids: list[str]) -> None:
    doubles = sorted({each for each in ids if ids.count(each) > 1})
    if doubles:
        raise ValueError(f"{kind} ids must be unique; given twice: {', '.join(doubles)}")
