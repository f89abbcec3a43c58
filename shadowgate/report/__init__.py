"""The report: JSON for programs, HTML for the DBA who signs, lines for a terminal."""

from shadowgate.report.history import PastRun, add_run, past_run, runs_like
from shadowgate.report.html import row_cells, row_detail, row_headers, stylesheet, summary, title
from shadowgate.report.json_file import json_schema, to_json, write_json
from shadowgate.report.terminal import verdict_lines
from shadowgate.report.verify import digest_of, seal_page, verify_report

__all__ = [
    "PastRun",
    "add_run",
    "digest_of",
    "json_schema",
    "past_run",
    "row_cells",
    "row_detail",
    "row_headers",
    "runs_like",
    "seal_page",
    "stylesheet",
    "summary",
    "title",
    "to_json",
    "verdict_lines",
    "verify_report",
    "write_json",
]
