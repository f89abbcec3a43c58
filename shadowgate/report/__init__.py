"""The report: JSON for programs, HTML for the DBA who signs, Markdown for a pull request."""

from shadowgate.report.html import row_cells, row_detail, row_headers, stylesheet, summary, title
from shadowgate.report.json_file import json_schema, to_json, write_json
from shadowgate.report.markdown import to_markdown, write_markdown
from shadowgate.report.redact import redacted_text
from shadowgate.report.terminal import verdict_lines

__all__ = [
    "json_schema",
    "redacted_text",
    "row_cells",
    "row_detail",
    "row_headers",
    "stylesheet",
    "summary",
    "title",
    "to_json",
    "to_markdown",
    "verdict_lines",
    "write_json",
    "write_markdown",
]
