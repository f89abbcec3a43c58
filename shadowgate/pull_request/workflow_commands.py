"""GitHub's workflow commands: lines of a job's output that the runner understands."""

from __future__ import annotations

import re

from shadowgate.pull_request.annotations import Annotation

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def workflow_command(annotation: Annotation) -> str:
    """An annotation as a line that the runner pins to the file; nothing in it is a second one."""
    properties = {"file": annotation.file} if annotation.file else {}
    if annotation.file:
        properties["line"] = str(max(annotation.line, 1))
    properties["title"] = annotation.title
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{annotation.level} {said}::{_data(annotation.message)}"


def one_line(sentence: str) -> str:
    """A sentence for the job's log that the runner does not take for a command."""
    return " ".join(_printable(sentence).split()).replace("##[", "## [").lstrip(":")


def _printable(text: str) -> str:
    """A text without control characters, which could begin a line or an escape sequence."""
    return _UNPRINTABLE.sub("\ufffd", text)


def _data(text: str) -> str:
    return _printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
