"""One comment on a pull request through GitHub's REST API: created once, then kept up to date.

https://docs.github.com/en/rest/issues/comments. The token goes into one header and nowhere else: it
is in no message, and is not sent along where the service redirects to.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import quote, urlsplit

from shadowgate.errors import ServiceError
from shadowgate.language import sentence

_TRIES = 3
_LONGEST_WAIT_SECONDS = 60.0
_TIMEOUT_SECONDS = 20.0
_MOST_PAGES = 100
_LIMITED = (403, 429)
_OVERLOADED = (500, 502, 503, 504)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class PullRequest:
    """One pull request, and the right to comment on it."""

    api: str
    """Root of the API: ``https://api.github.com``."""
    repository: str
    """Owner and name, with a slash."""
    number: int
    token: str = field(repr=False)
    sleep: Callable[[float], None] = time.sleep

    def put_comment(self, marker: str, body: str, *, create: bool = True) -> str:
        """Create the comment that begins with a marker, or update the one that is there.

        A comment that somebody else wrote is left alone, whatever it begins with: they could write
        another verdict into it.

        Args:
            marker: its first line.
            body: the whole comment, marker included.
            create: whether to create it if it is not there.

        Returns:
            Its address on the web; empty if there was none and none was created.

        Raises:
            ServiceError: GitHub refuses, or does not answer.
        """
        author = self._login()
        found = next((each for each in self._comments() if _is_ours(each, marker, author)), None)
        if found is not None:
            path = f"/repos/{self._repository}/issues/comments/{int(found['id'])}"
            answer, _ = self._send("PATCH", path, {"body": body})
        elif create:
            answer, _ = self._send("POST", self._path, {"body": body})
        else:
            return ""
        return str(answer.get("html_url", "")) if isinstance(answer, dict) else ""

    @property
    def _repository(self) -> str:
        return quote(self.repository)

    @property
    def _path(self) -> str:
        return f"/repos/{self._repository}/issues/{self.number}/comments"

    def _login(self) -> str:
        """Who the token belongs to; empty for a job's own token, which may not ask."""
        try:
            answer, _ = self._send("GET", "/user")
        except _RefusedError as refused:
            if refused.status in (403, 404) and not refused.limited:
                return ""
            raise
        return str(answer.get("login", "")) if isinstance(answer, dict) else ""

    def _comments(self) -> Iterator[Mapping[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            found, headers = self._send("GET", f"{self._path}?per_page=100&page={page}")
            if not isinstance(found, list):
                raise ServiceError("GitHub's list of comments is none", where=self.api)
            yield from (each for each in found if isinstance(each, dict))
            if 'rel="next"' not in headers.get("Link", ""):
                return

    def _send(
        self, method: str, path: str, payload: Mapping[str, Any] | None = None
    ) -> tuple[Any, Message]:
        """Ask, and ask again where the service says when to; a few times at most.

        Raises:
            ServiceError: the answer is a refusal, is no JSON, or does not come.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return self._send_once(method, path, payload)
            except urllib.error.HTTPError as error:
                with error:
                    said = _said(error)
                    wait = _wait_seconds(error, said)
                if wait is None or wait > _LONGEST_WAIT_SECONDS or attempt == _TRIES:
                    raise _RefusedError(error.code, said, limited=wait is not None) from None
            except (OSError, http.client.HTTPException) as error:
                reason = getattr(error, "reason", error)
                raise ServiceError(
                    sentence("GitHub does not answer: {reason}", reason=reason), where=self.api
                ) from None
            except ValueError:
                raise ServiceError("GitHub's answer is no JSON", where=self.api) from None
            self.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _send_once(
        self, method: str, path: str, payload: Mapping[str, Any] | None
    ) -> tuple[Any, Message]:
        address = f"{_checked(self.api)}{path}"
        data = None if payload is None else json.dumps(payload).encode()
        request = urllib.request.Request(address, data, method=method)  # noqa: S310 - checked
        request.add_header("Accept", "application/vnd.github+json")
        request.add_header("X-GitHub-Api-Version", "2022-11-28")
        request.add_header("User-Agent", "shadowgate")
        if data is not None:
            request.add_header("Content-Type", "application/json")
        request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read()), answer.headers


class _RefusedError(ServiceError):
    """The service answered, and not as asked."""

    def __init__(self, status: int, said: str, *, limited: bool) -> None:
        self.status = status
        self.limited = limited
        why = f" ({said})" if said else ""
        if limited and status in _LIMITED:
            what = f"GitHub allows no more requests for now{why}"
            todo = "run the job again later"
        elif limited:
            what, todo = f"GitHub answers with status {status}{why}", "run the job again later"
        elif status in (401, 403, 404):
            what = f"the token may not comment on the pull request: GitHub answers {status}{why}"
            todo = "give the job `permissions: pull-requests: write`; a fork's jobs never have it"
        else:
            what, todo = f"GitHub refuses the comment with status {status}{why}", ""
        super().__init__(what, todo=todo)


def _is_ours(comment: Mapping[str, Any], marker: str, author: str) -> bool:
    user = comment.get("user")
    if not isinstance(user, dict) or not str(comment.get("body") or "").startswith(marker):
        return False
    return user.get("login") == author if author else user.get("type") == "Bot"


def _checked(api: str) -> str:
    """The root of the API, if a token may be sent there.

    Raises:
        ServiceError: it is no address, or what is sent there can be read on the way.
    """
    parts = urlsplit(api)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return api.rstrip("/")
    raise ServiceError(
        "GITHUB_API_URL is not an https address", todo="let GitHub set it, or leave it out"
    )


def _said(error: urllib.error.HTTPError) -> str:
    """What the service says of an error, on one line."""
    try:
        answer = json.loads(error.read())
    except (OSError, ValueError, http.client.HTTPException):
        return ""
    message = str(answer.get("message", "")) if isinstance(answer, dict) else ""
    return " ".join(message.split())[:200]


def _wait_seconds(error: urllib.error.HTTPError, said: str) -> float | None:
    """When to try again, in seconds from now; ``None`` if trying again changes nothing."""
    if error.code in _OVERLOADED:
        return 2.0
    if error.code not in _LIMITED:
        return None
    after = error.headers.get("Retry-After", "")
    if after.isdecimal():
        return float(after)
    if error.headers.get("X-RateLimit-Remaining") == "0":
        reset = error.headers.get("X-RateLimit-Reset", "")
        return max(1.0, float(reset) - time.time()) if reset.isdecimal() else _LONGEST_WAIT_SECONDS
    limited = error.code == 429 or "rate limit" in said.lower()
    return _LONGEST_WAIT_SECONDS if limited else None
