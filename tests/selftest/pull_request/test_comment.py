"""One comment on a pull request, against a server that answers as GitHub does."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from shadowgate.errors import ServiceError
from shadowgate.pull_request.comment import comment_body, marker
from shadowgate.pull_request.github import PullRequest
from shadowgate.pull_request.reports import Published, Report
from tests.selftest.pull_request.github_api import (
    BOT,
    LONGEST,
    PATH,
    SOMEBODY,
    TOKEN,
    Answer,
    GitHub,
    github,
)
from tests.selftest.report.samples import go_sample
from tests.selftest.report.test_markdown import huge_run

MARKER = marker("")
BODY = f"{MARKER}\nGO\n"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with github() as state:
        yield state


def request(service: GitHub, waited: list[float] | None = None) -> PullRequest:
    slept = [] if waited is None else waited
    return PullRequest(service.url, "shop/orders", 7, TOKEN, sleep=slept.append)


def test_the_first_run_creates_the_comment(service: GitHub) -> None:
    service.add("looks good", SOMEBODY)
    address = request(service).put_comment(MARKER, BODY)
    assert service.comments[1]["body"] == BODY
    assert address == f"{service.url}/c/2"


def test_the_next_run_updates_it_in_place(service: GitHub) -> None:
    first = request(service).put_comment(MARKER, BODY)
    again = f"{MARKER}\nNO-GO\n"
    assert request(service).put_comment(MARKER, again) == first
    assert [each["body"] for each in service.comments] == [again]


def test_a_comment_on_a_later_page_is_found(service: GitHub) -> None:
    for number in range(150):
        service.add(f"remark {number}", SOMEBODY)
    service.add(BODY, BOT)
    request(service).put_comment(MARKER, f"{BODY}again")
    assert len(service.comments) == 151
    assert service.comments[150]["body"] == f"{BODY}again"


def test_pages_may_be_smaller_than_asked_for(service: GitHub) -> None:
    service.page_size = 10
    for number in range(25):
        service.add(f"remark {number}", SOMEBODY)
    service.add(BODY, BOT)
    request(service).put_comment(MARKER, f"{BODY}again")
    assert len(service.comments) == 26


@pytest.mark.parametrize("body", [BODY, f"> {BODY}", f"see {MARKER}"])
def test_a_comment_of_somebody_else_is_never_written_into(service: GitHub, body: str) -> None:
    service.add(body, SOMEBODY)
    request(service).put_comment(MARKER, BODY)
    assert service.comments[0]["body"] == body
    assert service.comments[1]["body"] == BODY


def test_a_person_whose_token_it_is_has_the_comment(service: GitHub) -> None:
    service.user = SOMEBODY
    service.add(BODY, BOT)
    request(service).put_comment(MARKER, f"{BODY}mine")
    request(service).put_comment(MARKER, f"{BODY}mine again")
    assert [each["body"] for each in service.comments] == [BODY, f"{BODY}mine again"]


def test_comments_of_other_jobs_stay(service: GitHub) -> None:
    request(service).put_comment(marker("a"), f"{marker('a')}\nGO")
    request(service).put_comment(marker("b"), f"{marker('b')}\nGO")
    assert len(service.comments) == 2


def test_a_comment_need_not_be_created(service: GitHub) -> None:
    assert request(service).put_comment(MARKER, BODY, create=False) == ""
    assert service.comments == []


FORBIDDEN = Answer(403, "Resource not accessible by integration")
INVALID = Answer(422, "Validation Failed")
BUSY = Answer(429, "slow down", {"Retry-After": "7"})
SECONDARY = Answer(403, "You have exceeded a secondary rate limit")


def used_up(seconds: float) -> Answer:
    reset = str(int(time.time() + seconds))
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    return Answer(403, "API rate limit exceeded", headers)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (FORBIDDEN, "the token may not comment on the pull request: GitHub answers 403"),
        (INVALID, "GitHub refuses the comment with status 422 (Validation Failed)"),
    ],
)
def test_a_refusal_is_not_tried_again(service: GitHub, answer: Answer, said: str) -> None:
    service.refuse(f"POST {PATH}", answer, answer)
    waited: list[float] = []
    with pytest.raises(ServiceError) as caught:
        request(service, waited).put_comment(MARKER, BODY)
    assert said in caught.value.what
    assert TOKEN not in str(caught.value)
    assert (service.count("POST"), waited) == (1, [])


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [(BUSY, 7), (SECONDARY, 60), (used_up(20), 20), (Answer(502), 2)],
)
def test_the_service_says_when_to_try_again(
    service: GitHub, answer: Answer, seconds: float
) -> None:
    service.refuse(f"POST {PATH}", answer)
    waited: list[float] = []
    request(service, waited).put_comment(MARKER, BODY)
    assert len(service.comments) == 1
    assert waited == [pytest.approx(seconds, abs=20 if seconds == 20 else 0)]


def test_it_is_tried_a_few_times_only(service: GitHub) -> None:
    service.refuse(f"POST {PATH}", *[BUSY] * 9)
    waited: list[float] = []
    with pytest.raises(ServiceError, match="allows no more requests for now"):
        request(service, waited).put_comment(MARKER, BODY)
    assert (service.count("POST"), waited) == (3, [7, 7])


def test_nobody_waits_for_an_hour(service: GitHub) -> None:
    service.refuse(f"GET {PATH}", used_up(3600))
    waited: list[float] = []
    with pytest.raises(ServiceError, match="allows no more requests"):
        request(service, waited).put_comment(MARKER, BODY)
    assert waited == []


def test_a_wrong_token_is_said_without_the_token(service: GitHub) -> None:
    wrong = PullRequest(service.url, "shop/orders", 7, "ghs_wrong")
    with pytest.raises(ServiceError, match="401") as caught:
        wrong.put_comment(MARKER, BODY)
    assert "ghs_wrong" not in f"{caught.value} {wrong!r}"


def test_a_service_that_is_not_there_is_said(service: GitHub) -> None:
    gone = PullRequest("http://127.0.0.1:9", "shop/orders", 7, TOKEN)
    with pytest.raises(ServiceError, match="does not answer"):
        gone.put_comment(MARKER, BODY)
    service.raw = b"<html>log in first</html>"
    with pytest.raises(ServiceError, match="no JSON"):
        request(service).put_comment(MARKER, BODY)


@pytest.mark.parametrize("api", ["http://api.github.example", "file:///etc/passwd", "ftp://h"])
def test_a_token_is_sent_nowhere_that_can_be_read_on_the_way(api: str) -> None:
    with pytest.raises(ServiceError, match="not an https address"):
        PullRequest(api, "shop/orders", 7, TOKEN).put_comment(MARKER, BODY)


@pytest.mark.parametrize("count", [1, 3, 20, 300])
def test_however_much_there_is_to_say_it_is_taken(service: GitHub, count: int) -> None:
    runs = tuple(Report(f"migrations/{n}.sql", huge_run()) for n in range(count))
    body = comment_body(Published(runs), footer="<sub>commit abc</sub>")
    request(service).put_comment(MARKER, body)
    (comment,) = service.comments
    assert comment["body"].startswith(MARKER)
    assert "NO-GO" in comment["body"]
    assert comment["body"].endswith("<sub>commit abc</sub>\n")


def test_marker_and_footer_count_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_long_as_it_may(*_: object, longest: int) -> str:
        return "x" * longest

    monkeypatch.setattr("shadowgate.pull_request.comment.overview", as_long_as_it_may)
    one = Published((Report("m.sql", go_sample()),))
    assert len(comment_body(one, name="job", footer="<sub>commit abc</sub>")) == LONGEST


def test_the_server_of_these_tests_refuses_what_is_too_long(service: GitHub) -> None:
    with pytest.raises(ServiceError, match="too long"):
        request(service).put_comment(MARKER, MARKER + "x" * 65_536)


@pytest.mark.parametrize("name", ["-->", "a b", "x" * 41, "\n"])
def test_a_name_cannot_end_the_marker(name: str) -> None:
    with pytest.raises(ValueError, match="other characters"):
        marker(name)
