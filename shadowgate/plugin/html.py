"""pytest-html's hooks: the verdict on top, a row a check."""

from __future__ import annotations

from typing import Any

import pytest

from shadowgate.evidence import CheckResult
from shadowgate.plugin.session import ShadowSession, check_of_report
from shadowgate.report import digest_of, row_cells, row_detail, row_headers, summary, title


class HtmlReport:
    """Fills the report that pytest-html writes."""

    def __init__(self, session: ShadowSession) -> None:
        self.session = session
        self._data: Any = None

    def pytest_html_report_title(self, report: Any) -> None:
        """Keep hold of the report's data: its title depends on the verdict."""
        self._data = report
        report.title = f"Shadow validation of {self.session.run.plan.name}"

    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """Put the verdict and what it rests on before everything else."""
        evidence = self.session.evidence()
        self._data.title = title(evidence)
        written = self.session.run.request.reports / "shadow.json"
        prefix.append(summary(evidence, digest_of(written), self.session.past))

    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Replace the columns by ours."""
        cells[:] = row_headers()

    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
        """Show each check once, by its result."""
        result = self._result(report)
        shown = report.when == "call" or (report.when == "setup" and not report.passed)
        cells[:] = row_cells(result) if result is not None and shown else []

    def pytest_html_results_table_html(self, report: pytest.TestReport, data: list[str]) -> None:
        """Show the check's evidence in its row instead of captured output."""
        result = self._result(report)
        if result is not None:
            data[:] = [row_detail(result)]

    def _result(self, report: pytest.TestReport) -> CheckResult | None:
        """Find the check that a test's report is about."""
        return self.session.run.results.by_id.get(check_of_report(report))
