"""The report: JSON for programs, HTML for the DBA who signs, Markdown for a pull request."""

from shadowgate.report.html import row_cells, row_detail, row_headers, stylesheet, summary, title
from shadowgate.report.json_file import json_schema, read_json, to_json, write_json
from shadowgate.report.markdown import (
    LONGEST,
    Entry,
    migration_file,
    overview,
    to_markdown,
    write_markdown,
)
from shadowgate.report.open_checks import open_checks, stands_against_go
from shadowgate.report.redact import redacted_text
from shadowgate.report.terminal import verdict_lines

__all__ = [
    "LONGEST",
    "Entry",
    "json_schema",
    "migration_file",
    "open_checks",
    "overview",
    "read_json",
    "redacted_text",
    "row_cells",
    "row_detail",
    "row_headers",
    "stands_against_go",
    "stylesheet",
    "summary",
    "title",
    "to_json",
    "to_markdown",
    "verdict_lines",
    "write_json",
    "write_markdown",
]
