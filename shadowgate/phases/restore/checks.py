"""Checks of phase 2: the backup restores, and what it brings is sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shadowgate.backup import Backup, Restoration
from shadowgate.catalogue import Integrity, ObjectId, geometry_problems
from shadowgate.language import nsentence, sentence
from shadowgate.options import Request
from shadowgate.phases.check import check
from shadowgate.phases.environment.preflight import Preflight
from shadowgate.phases.finding import Finding
from shadowgate.phases.restore.soundness import Soundness
from shadowgate.phases.restore.state import State
from shadowgate.plan import Plan

if TYPE_CHECKING:
    from shadowgate.phases.run import Run


def _demand(holds: bool, sentences: Sequence[str], plan: Plan, finding: Finding) -> None:
    """Require what a plan demands of production; without a plan, tell how production is."""
    if plan.derived and not holds:
        finding.say("Production has it so, and no plan demands otherwise:", *sentences)
        return
    finding.require(holds, sentences)


def _has_postgis(run: Run) -> str:
    if ObjectId("extension", "postgis") in run.before.snapshot.objects:
        return ""
    return "the database has no PostGIS, and so no geometries"


def _is_restored(run: Run) -> str:
    given = run.opened.given
    if given is None:
        return ""
    return sentence("nothing is restored: {origin}", origin=given.described)


@check(
    "restore.backup",
    applies=_is_restored,
    remedy="Pass a dump made by pg_dump with --backup.",
)
def backup_is_recognised(backup: Backup, opened: Preflight, plan: Plan, finding: Finding) -> None:
    """The backup is there, is recognised by its content, and its checksum is on record.

    What is signed must name exactly the backup that it was proven on.
    """
    finding.note({"format": backup.format, "sha256": backup.sha256, "bytes": backup.size_bytes})
    finding.say(backup.described(), opened.taken)
    if not (backup.has_checksum or plan.backup.sha256):
        finding.say(
            "Nothing in this format tells a letter that was damaged or a row that was lost on its"
            " way: state the checksum of the dump in [backup] sha256"
        )
    finding.require(backup.size_bytes > 0, "the backup is empty")


@check("restore.clean", remedy="Make the objects that the first error names, or dump again.")
def restore_is_clean(restored: Restoration, opened: Preflight, finding: Finding) -> None:
    """The backup restores without an error, or the database given is cloned.

    A restore with errors is a different database.
    """
    finding.note(sentence("{seconds:.1f} s", seconds=restored.seconds), "no error")
    finding.say(restored.command, *restored.warnings)
    finding.say(
        *(
            sentence("applied on top of it: {script}", script=script.path.name)
            for script in opened.earlier
        )
    )


@check(
    "restore.fingerprint",
    remedy="See the error; where the content is another one, copy or take the backup again, or "
    "state the new fingerprint in [backup] content.",
)
def content_has_a_fingerprint(before: State, plan: Plan, finding: Finding) -> None:
    """The content of every table has a fingerprint, and all together the one that the plan states.

    Everything later is compared with this content.
    """
    found, stated = before.content_digest, plan.backup.content.strip().lower()
    finding.note({table: content.digest for table, content in before.content.items()})
    finding.say(sentence("All content together: {fingerprint}", fingerprint=found))
    finding.require(
        stated in ("", found),
        sentence(
            "the content is not the stated one: its fingerprint is {found}, {stated} is expected",
            found=found,
            stated=stated,
        ),
    )
    _demand(bool(before.content), ["the backup has no table"], plan, finding)


@check("restore.rows", remedy="Take a fresh dump and compare its row count with production.")
def rows_are_there(before: State, request: Request, plan: Plan, finding: Finding) -> None:
    """The restored tables have the rows that they must have.

    A truncated dump can restore without an error.
    """
    rows = before.rows_of(plan.backup.table)
    if request.generated_rows is not None:
        finding.note(rows, request.generated_rows)
        finding.require(
            rows == request.generated_rows,
            nsentence(
                "{n:,} row instead of {asked:,}",
                "{n:,} rows instead of {asked:,}",
                rows,
                asked=request.generated_rows,
            ),
        )
        return
    minimum = plan.backup.minimum_rows
    finding.note(rows, f">= {minimum}")
    finding.require(
        rows >= minimum,
        nsentence(
            "{n:,} row, at least {minimum:,} expected",
            "{n:,} rows, at least {minimum:,} expected",
            rows,
            minimum=minimum,
        ),
    )


@check("restore.indexes", remedy="REINDEX the invalid ones in production, then dump again.")
def indexes_are_valid(integrity: Integrity, plan: Plan, finding: Finding) -> None:
    """Every index is there and valid.

    A missing or invalid index changes every plan that is measured later.
    """
    wanted = plan.backup.indexes
    finding.note(integrity.indexes, "all valid" if wanted is None else wanted)
    finding.require(
        wanted is None or integrity.indexes == wanted,
        nsentence(
            "{n} index, {wanted} expected",
            "{n} indexes, {wanted} expected",
            integrity.indexes,
            wanted=wanted,
        ),
    )
    finding.require(
        not integrity.invalid_indexes,
        sentence("not valid: {indexes}", indexes=", ".join(integrity.invalid_indexes)),
    )


@check(
    "restore.constraints",
    remedy="ALTER TABLE … VALIDATE CONSTRAINT in production, then dump again.",
)
def constraints_are_validated(integrity: Integrity, plan: Plan, finding: Finding) -> None:
    """Every constraint is validated and enforced.

    A constraint that was never validated protects nothing.
    """
    unproven = integrity.unvalidated_constraints
    finding.note(
        sentence(
            "{validated} of {all} validated",
            validated=integrity.constraints - len(unproven),
            all=integrity.constraints,
        ),
        "all",
    )
    _demand(
        not unproven,
        [sentence("not validated: {constraints}", constraints=", ".join(unproven))],
        plan,
        finding,
    )


@check(
    "restore.geometries",
    remedy="Mend the rows named in production, or mark them in the column that the plan names.",
    applies=_has_postgis,
)
def geometries_are_sound(
    integrity: Integrity, soundness: Soundness, plan: Plan, finding: Finding
) -> None:
    """Geometries are as valid as they say, in a known reference system, and inside their extent.

    Invalid geometries, a second SRID or a stray coordinate make spatial answers wrong.
    """
    backup = plan.backup
    finding.note(
        {
            "srids": list(integrity.srids),
            "wrongly_marked": integrity.wrongly_marked_total,
            "outside": integrity.outside_total,
        },
        {"srids": "any" if backup.srid is None else [backup.srid]},
    )
    finding.say(*geometry_problems(soundness.geometries))
    problems = []
    if backup.srid is not None and {*integrity.srids} - {backup.srid}:
        problems.append(
            sentence("SRIDs found: {srids}", srids=", ".join(map(str, integrity.srids)))
        )
    if integrity.wrongly_marked_total:
        problems.append(
            nsentence(
                # TRANSLATORS: {column} says of each row whether its geometry is valid
                "{n:,} geometry is not as valid as {column} says: {rows}",
                "{n:,} geometries are not as valid as {column} says: {rows}",
                integrity.wrongly_marked_total,
                column=backup.validity,
                rows=", ".join(integrity.wrongly_marked),
            )
            if backup.validity
            else nsentence(
                "{n:,} geometry is not valid: {rows}",
                "{n:,} geometries are not valid: {rows}",
                integrity.wrongly_marked_total,
                rows=", ".join(integrity.wrongly_marked),
            )
        )
    if integrity.outside_total:
        problems.append(
            nsentence(
                "{n:,} geometry is not inside the extent: {rows}",
                "{n:,} geometries are not inside the extent: {rows}",
                integrity.outside_total,
                rows=", ".join(integrity.outside),
            )
        )
    finding.require(not problems, problems)


@check("restore.sequences", remedy="setval() the sequence past the column's maximum.")
def sequences_are_ahead(integrity: Integrity, plan: Plan, finding: Finding) -> None:
    """Every sequence is ahead of the column that it feeds.

    A sequence behind its column makes the first insert fail.
    """
    finding.note(len(integrity.sequences_behind), 0)
    _demand(not integrity.sequences_behind, integrity.sequences_behind, plan, finding)
