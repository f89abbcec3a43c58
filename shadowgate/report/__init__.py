"""The report: JSON for programs, HTML for the DBA who signs, lines for a terminal."""

from shadowgate.report.html import row_cells, row_detail, row_headers, stylesheet, summary, title
from shadowgate.report.json_file import json_schema, to_json, write_json
from shadowgate.report.terminal import verdict_lines
from shadowgate.report.verify import digest_of, seal_page, verify_report

__all__ = [
    "digest_of",
    "json_schema",
    "row_cells",
    "row_detail",
    "row_headers",
    "seal_page",
    "stylesheet",
    "summary",
    "title",
    "to_json",
    "verdict_lines",
    "verify_report",
    "write_json",
]
