"""The report: JSON for programs, HTML for the DBA who signs, Markdown for a pull request."""

from shadowgate.report.causes import causes_of, stands_against_go
from shadowgate.report.history import PastRun, add_run, past_run, runs_like
from shadowgate.report.html import row_cells, row_detail, row_headers, stylesheet, summary, title
from shadowgate.report.index_page import Listed, index
from shadowgate.report.json_file import json_schema, read_json, to_json, write_json
from shadowgate.report.markdown import (
    LONGEST,
    Entry,
    migration_file,
    overview,
    to_markdown,
    write_markdown,
)
from shadowgate.report.pdf import find_browser, print_pdf
from shadowgate.report.plan_files import write_plans
from shadowgate.report.redact import redacted_text
from shadowgate.report.terminal import verdict_lines
from shadowgate.report.verify import digest_of, seal_page, verify_report

__all__ = [
    "LONGEST",
    "Entry",
    "Listed",
    "PastRun",
    "add_run",
    "causes_of",
    "digest_of",
    "find_browser",
    "index",
    "json_schema",
    "migration_file",
    "overview",
    "past_run",
    "print_pdf",
    "read_json",
    "redacted_text",
    "row_cells",
    "row_detail",
    "row_headers",
    "runs_like",
    "seal_page",
    "stands_against_go",
    "stylesheet",
    "summary",
    "title",
    "to_json",
    "to_markdown",
    "verdict_lines",
    "verify_report",
    "write_json",
    "write_markdown",
    "write_plans",
]
