"""What psql and pg_restore complain about, condensed to the first error and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PSQL = re.compile(r"^psql:.*?:(?P<line>\d+): (?:ERROR|FATAL|error): +(?P<what>.*)$", re.MULTILINE)
_TOOL = re.compile(r"^(?:pg_restore|psql|pg_dump): (?:error|fatal): +(?P<what>.*)$", re.MULTILINE)
_LEAD = re.compile(r"^(could not execute query: )?(ERROR|FATAL): +")
_MORE = re.compile(r"^(DETAIL|HINT|CONTEXT|Command was): +(.*)$", re.MULTILINE)
_LONGEST = 300

_TRUNCATED = "the backup is damaged or truncated: dump again and compare sizes"
_REMEDIES: tuple[tuple[str, str], ...] = (
    (
        r'role "(?P<name>[^"]+)" does not exist',
        'name it in the plan ([backup] roles = ["{name}"]), which makes it on a server that this'
        " run started, or create it on the server: CREATE ROLE {name};",
    ),
    (
        r'extension "(?P<name>[^"]+)" is not available',
        "use a server that has {name} (--postgis-image, --server), or dump only the schemas that"
        " do without it: pg_dump --schema=public",
    ),
    (
        r"unsupported version",
        "the dump is by a newer pg_dump: use a server and client tools of that version or newer",
    ),
    (
        r"unrecognized configuration parameter|syntax error|invalid command \\(un)?restrict",
        "the dump may be by a newer pg_dump: use a server and client tools of its version or newer",
    ),
    (
        r"compression|not built with",
        "dump again with --compress=gzip, or use client tools that know this compression",
    ),
    (r"must be owner of|permission denied|must be superuser", "restore as a superuser"),
    (r"already exists", "the target is not empty: restore into a database that this run created"),
    (r"No space left on device|could not extend file", "free disk space on the server"),
    (r"end of file|could not read|could not open input|unexpected end|corrupt", _TRUNCATED),
    (r"invalid input syntax|missing data for column|extra data after", _TRUNCATED),
    (r"violates", "the rows contradict a constraint: mend them in production and dump again"),
)


@dataclass(frozen=True)
class Complaint:
    """The first error of a client tool."""

    what: str
    where: str
    todo: str


def first_complaint(stderr: str) -> Complaint:
    """Find the first error in what psql or pg_restore wrote, its object and a remedy."""
    found = min(
        (match for match in (_PSQL.search(stderr), _TOOL.search(stderr)) if match),
        key=lambda match: match.start(),
        default=None,
    )
    if found is None:
        last = stderr.strip().splitlines()
        what = last[-1] if last else "the client tool failed without saying why"
        return Complaint(what, "", _remedy(what))
    what = _LEAD.sub("", found.group("what")).strip()
    details: dict[str, str] = {}
    for label, text in _MORE.findall(_own_lines(stderr, found.end())):
        details.setdefault(label, text.strip())
    places = [f"line {found.group('line')} of the dump"] if found.re is _PSQL else []
    places += [details[label] for label in ("Command was", "CONTEXT") if label in details]
    if "DETAIL" in details:
        what = f"{what} ({details['DETAIL']})"
    return Complaint(what[:_LONGEST], "; ".join(places)[:_LONGEST], _remedy(what))


def _own_lines(stderr: str, start: int) -> str:
    """The lines after an error that still belong to it."""
    following = _TOOL.search(stderr, start)
    return stderr[start : following.start() if following else len(stderr)]


def _remedy(what: str) -> str:
    for pattern, todo in _REMEDIES:
        if match := re.search(pattern, what):
            return todo.format(**match.groupdict())
    return "mend the object that the error names in production, then dump again"
