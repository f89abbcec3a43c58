"""A local server that answers as GitHub's REST API does, as far as comments go."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghs_not-a-real-token"  # noqa: S105
BOT = {"login": "github-actions[bot]", "type": "Bot"}
SOMEBODY = {"login": "somebody", "type": "User"}
LONGEST = 65_536
PATH = "/repos/shop/orders/issues/7/comments"


@dataclass(frozen=True)
class Answer:
    """What the server says instead of doing what it is asked."""

    status: int
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class GitHub:
    """The state of the service, and what it was asked."""

    user: dict[str, str] | None = None
    """Who the token belongs to; ``None`` for a job's own token, which may not ask."""
    page_size: int = 100
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    refusals: dict[str, list[Answer]] = field(default_factory=dict)
    """By method and path without its query: answers that are given first, one a request."""
    raw: bytes = b""
    """An answer to everything that is no JSON; empty for none."""
    url: str = ""

    def add(self, body: str, user: dict[str, str]) -> dict[str, Any]:
        """Somebody writes a comment."""
        number = len(self.comments) + 1
        made = {"id": number, "body": body, "user": user, "html_url": f"{self.url}/c/{number}"}
        self.comments.append(made)
        return made

    def refuse(self, asked: str, *answers: Answer) -> None:
        """Give these answers first where a method and path are asked."""
        self.refusals[asked] = list(answers)

    def count(self, method: str) -> int:
        """How often a method was used."""
        return sum(each == method for each, _ in self.asked)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_PATCH(self) -> None:
        self._handle("PATCH")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _handle(self, method: str) -> None:
        state = self.server.state
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length)) if length else {}
        parts = urlsplit(self.path)
        state.asked.append((method, self.path))
        waiting = state.refusals.get(f"{method} {parts.path}")
        if state.raw:
            self._answer(200, state.raw)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._say(401, {"message": "Bad credentials"})
        elif waiting:
            answer = waiting.pop(0)
            self._say(answer.status, {"message": answer.message}, answer.headers)
        elif parts.path == "/user" and state.user is None:
            self._say(403, {"message": "Resource not accessible by integration"})
        elif parts.path == "/user":
            self._say(200, state.user)
        elif method == "GET" and parts.path == PATH:
            self._page(parse_qs(parts.query))
        else:
            self._write(method, parts.path, str(sent.get("body", "")))

    def _write(self, method: str, path: str, body: str) -> None:
        state = self.server.state
        number = path.removeprefix("/repos/shop/orders/issues/comments/")
        if len(body) > LONGEST:
            said = "Validation Failed: body is too long (maximum is 65536 characters)"
            self._say(422, {"message": said})
        elif method == "POST" and path == PATH:
            self._say(201, state.add(body, state.user or BOT))
        elif method == "PATCH" and number.isdecimal():
            found = next(each for each in state.comments if each["id"] == int(number))
            found["body"] = body
            self._say(200, found)
        else:
            self._say(404, {"message": "Not Found"})

    def _page(self, query: dict[str, list[str]]) -> None:
        state = self.server.state
        size = min(int(query.get("per_page", ["30"])[0]), state.page_size)
        page = int(query.get("page", ["1"])[0])
        last = max(1, -(-len(state.comments) // size))
        links = {} if page >= last else {"Link": f'<{state.url}{PATH}?page={page + 1}>; rel="next"'}
        self._say(200, state.comments[(page - 1) * size : page * size], links)

    def _say(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
        self._answer(status, json.dumps(answer).encode(), headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def __init__(self, state: GitHub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = state


@contextmanager
def github() -> Iterator[GitHub]:
    """A service of its own, until the end of the block."""
    state = GitHub()
    with _Server(state) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
