"""Makes a real shadow.html: a small pytest run with pytest-html and the hooks of the report."""

from __future__ import annotations

import atexit
import pickle
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from shadowgate.evidence import Evidence
from shadowgate.language import for_readers, spoken_language
from shadowgate.report import stylesheet
from tests.selftest.report.samples import no_go_sample

CONFTEST = """
import atexit
import pickle
from pathlib import Path
import pytest
from shadowgate.language import reading
from shadowgate.report import row_cells, row_detail, row_headers, summary, title

EVIDENCE = pickle.loads(Path(__file__).with_name("evidence.pickle").read_bytes())
CHECKS = {check.id: check for check in EVIDENCE.checks}
KEPT = []
READER = reading(Path(__file__).with_name("language").read_text())
READER.__enter__()

def pytest_generate_tests(metafunc):
    metafunc.parametrize("name", list(CHECKS))

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.user_properties.append(("check", item.callspec.params["name"]))
    return report

def check_of(report):
    return CHECKS[dict(report.user_properties)["check"]]

def pytest_html_report_title(report):
    KEPT.append(report)

def pytest_html_results_summary(prefix):
    KEPT[0].title = title(EVIDENCE)
    prefix.append(summary(EVIDENCE))

def pytest_html_results_table_header(cells):
    cells[:] = row_headers()

def pytest_html_results_table_row(report, cells):
    cells[:] = row_cells(check_of(report))

def pytest_html_results_table_html(report, data):
    data[:] = [row_detail(check_of(report))]
"""

TESTS = """
import pytest
from conftest import CHECKS

def test_check(name):
    status = CHECKS[name].status
    if status in ("blocked", "skipped"):
        pytest.skip(status)
    assert status == "passed"
"""


reader = for_readers(spoken_language)


def make_page(evidence: Evidence, folder: Path) -> Path:
    """Run pytest in ``folder`` and return the page that pytest-html wrote there.

    It is in the language of :func:`shadowgate.language.reading`.
    """
    (folder / "evidence.pickle").write_bytes(pickle.dumps(evidence))
    (folder / "language").write_text(reader())
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_page.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\ninitial_sort = original\n")
    page = folder / "shadow.html"
    command = [
        *(
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:shadowgate.plugin",
            "--tb=no",
        ),
        *(f"--html={page}", "--self-contained-html", f"--css={stylesheet()}", str(folder)),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return page


@cache
def no_go_page() -> Path:
    """Return the page of the NO-GO sample, made once a process and removed at its end."""
    folder = tempfile.TemporaryDirectory(prefix="shadowgate-page-")
    atexit.register(folder.cleanup)
    return make_page(no_go_sample(), Path(folder.name))
