"""Keeping secrets out of everything that is written.

Nothing that reaches a report should hold a password in the first place. This is the second lock:
text that comes from elsewhere (an error of libpq, a setting of a server) may quote a connection
string, and a report is mailed around.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from shadowgate.evidence import CheckResult, Evidence

T = TypeVar("T", Evidence, CheckResult)

MASK = "***"

_SECRET_KEY = re.compile(
    r"passw(or)?d|passphrase|secret|token|api_?key|private_?key", re.IGNORECASE
)
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s@/]+(?=@)", re.IGNORECASE)
_KEYWORD_PASSWORD = re.compile(
    r"(?P<head>\b(?:pg)?(?:ssl)?(?:password|passwd|pwd)\s*=\s*)"
    r"(?:''[^']+''|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s&,;'\"]+)",
    re.IGNORECASE,
)


def redacted_text(text: str) -> str:
    """Mask the password of every connection string in a text, URL or keyword form."""
    text = _URL_PASSWORD.sub(rf"\g<head>:{MASK}", text)
    return _KEYWORD_PASSWORD.sub(rf"\g<head>{MASK}", text)


def without_secrets(found: T) -> T:
    """Return the same evidence with passwords masked in every text and under every secret key."""
    return cast("T", _redacted(found))


def data_without_secrets(value: Any) -> Any:
    """The same for plain data: texts, numbers, lists and mappings of such."""
    return _redacted(value)


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        clean = redacted_text(value)
        return value if clean == value else clean  # a sentence can be told in another language
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _redacted(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    if isinstance(value, Mapping):
        return {key: _redacted_entry(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_redacted(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value


def _redacted_entry(key: Any, value: Any) -> Any:
    if isinstance(key, str) and isinstance(value, str) and _SECRET_KEY.search(key):
        return MASK
    return _redacted(value)
