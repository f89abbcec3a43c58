"""What psql and pg_restore complain about, condensed to the first error and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shadowgate.language import joined, sentence

_PSQL = re.compile(r"^psql:.*?:(?P<line>\d+): (?:ERROR|FATAL|error): +(?P<what>.*)$", re.MULTILINE)
_TOOL = re.compile(r"^(?:pg_restore|psql|pg_dump): (?:error|fatal): +(?P<what>.*)$", re.MULTILINE)
_LEAD = re.compile(
    r"^(?:could not execute query: |COPY failed for table \".*?\": )?(?:ERROR|FATAL): +"
)
_MORE = re.compile(r"^(DETAIL|HINT|CONTEXT|Command was): +(.*)$", re.MULTILINE)
_LONGEST = 300
_IN_FUNCTION = r"\nCONTEXT: (?:SQL function \"|PL/\w+ function )(?P<function>[^\s(\"]+)"

_TRUNCATED = sentence("the backup is damaged or truncated: dump again and compare sizes")
_MEND = sentence("mend the object that the error names in production, then dump again")
_VERSIONS = "{version_advice}"
_REMEDIES: tuple[tuple[str, str], ...] = (
    # Each is looked for in the message and the lines DETAIL, HINT and CONTEXT after it.
    (
        r'role "(?P<name>[^"]+)" does not exist',
        sentence(
            'name it in the plan ([backup] roles = ["{name}"]), which makes it on a server that'
            " this run started, or create it on the server: CREATE ROLE {name};"
        ),
    ),
    (
        r'extension "(?P<name>[^"]+)" is not available',
        sentence(
            "use a server that has {name} (--postgis-image, --server), or dump"
            " only the schemas that"
            " do without it: pg_dump --schema=public"
        ),
    ),
    (
        r"unsupported version|unrecognized configuration parameter|syntax error"
        r"|invalid command \\(un)?restrict",
        _VERSIONS,
    ),
    (
        r"compression|not built with",
        sentence("dump again with --compress=gzip, or use client tools that know this compression"),
    ),
    (
        rf"^[^\n]* does not exist(?s:.*){_IN_FUNCTION}",
        sentence(
            "an index, a generated column, a constraint or a view calls the"
            " function {function}, which"
            " looks for a name without its schema; a restore has an empty search_path. Mend the"
            " function in production (ALTER FUNCTION {function}(…) SET search_path = …, with the"
            " schemas that it looks into, or write the schema before the name), then dump again"
        ),
    ),
    (
        r'violates check constraint "(?P<name>[^"]+)"',
        sentence(
            "the rows were in production, so {name} does not look at its row"
            " alone: it may look into"
            " another table, which a restore fills later or earlier, or at the"
            " time or a setting. Make"
            " it a foreign key or a trigger in production, or drop it and add it"
            " again NOT VALID, as"
            " pg_dump writes such a one after the rows; then dump again"
        ),
    ),
    (
        r"The owner of an? (?P<what>event trigger|foreign-data wrapper|subscription|publication"
        r"|FOR ALL TABLES publication)[^\n]* must be a superuser",
        sentence(
            "only a superuser can own this {what}: make its owner one on a server for tests (ALTER"
            " ROLE … SUPERUSER), or give it to a superuser in production and dump again"
        ),
    ),
    (r"must be owner of|permission denied|must be superuser", sentence("restore as a superuser")),
    (
        r"already exists",
        sentence(
            "the target holds PostGIS and nothing else, so the dump makes this twice or what an"
            " extension makes: pass a dump of one database, not two in one file;"
            " and where production"
            " has an extension's objects without the extension, make it one there"
            " (CREATE EXTENSION)"
            " and dump again"
        ),
    ),
    (
        r"^(?:type|function|operator|operator class|schema|relation) [^\n]* does not exist",
        sentence(
            "the dump uses this and does not create it, as dumps of some schemas"
            " or tables alone do:"
            " dump the whole database, or with --schema=NAME for each schema and"
            " --extension=NAME for"
            " each extension that is used"
        ),
    ),
    (r"No space left on device|could not extend file", sentence("free disk space on the server")),
    (
        r"end of file|could not read|could not open input|unexpected end|corrupt"
        r"|could not uncompress|worker process died|invalid byte sequence for encoding",
        _TRUNCATED,
    ),
    (r"invalid input syntax|missing data for column|extra data after", _TRUNCATED),
    (
        r"violates",
        sentence("the rows contradict a constraint: mend them in production and dump again"),
    ),
)


@dataclass(frozen=True)
class Complaint:
    """The first error of a client tool."""

    what: str
    where: str
    todo: str

    @property
    def decided(self) -> bool:
        """Whether it is about what the tool worked on, and not a server or disk that gave out."""
        return not re.search(_OF_THE_SERVER, self.what)


_OF_THE_SERVER = (
    r"terminating connection|server closed the connection|connection to server .* failed"
    r"|could not receive data from server|no connection to the server|shutting down"
    r"|in recovery mode|starting up|too many clients|remaining connection slots"
    r"|No space left on device|could not extend file"
)


def first_complaint(
    stderr: str,
    version_advice: str = "the dump may be by a newer pg_dump: dump again with the pg_dump of"
    " production's version, and use a server and client tools of that version",
) -> Complaint:
    """Find the first error in what psql or pg_restore wrote, its object and a remedy.

    Args:
        stderr: what the tool wrote.
        version_advice: the remedy for what the tool or the server is too old for.
    """
    found = min(
        (match for match in (_PSQL.search(stderr), _TOOL.search(stderr)) if match),
        key=lambda match: match.start(),
        default=None,
    )
    if found is None:
        last = stderr.strip().splitlines()
        what = last[-1] if last else "the client tool failed without saying why"
        return Complaint(what, "", _remedy(what, version_advice, _TRUNCATED))
    said = found.group("what")
    what = _LEAD.sub("", said).strip()
    # What the tool itself says, and not the server, is about the file that it reads.
    other = _MEND if found.re is _PSQL or _LEAD.match(said) else _TRUNCATED
    details: dict[str, str] = {}
    for label, text in _MORE.findall(_own_lines(stderr, found.end())):
        details.setdefault(label, text.strip())
    places: list[str] = (
        [sentence("line {line} of the dump", line=found.group("line"))] if found.re is _PSQL else []
    )
    places += [details[label] for label in ("Command was", "CONTEXT") if label in details]
    details.pop("Command was", None)
    told = "\n".join([what, *(f"{label}: {text}" for label, text in details.items())])
    if "DETAIL" in details:
        what = f"{what} ({details['DETAIL']})"
    remedy = _remedy(told, version_advice, other)
    return Complaint(
        what[:_LONGEST],
        joined("; ", (place[:_LONGEST] if type(place) is str else place for place in places)),
        remedy,
    )


def _own_lines(stderr: str, start: int) -> str:
    """The lines after an error that still belong to it."""
    following = _TOOL.search(stderr, start)
    return stderr[start : following.start() if following else len(stderr)]


def _remedy(told: str, version_advice: str, other: str) -> str:
    for pattern, todo in _REMEDIES:
        if match := re.search(pattern, told):
            if todo == _VERSIONS:
                return version_advice
            return sentence(todo, **match.groupdict())
    return other
