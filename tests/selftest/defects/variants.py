"""Defects that follow from OPT1's plan and scripts: what is made and dropped, each in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shadowgate.migrate import read_script
from shadowgate.plan import Plan
from tests.selftest.defects.files import Defect, plan_key, plans, read_defects, rollback_of

_GONE = {
    "migration.behaviour": "the probes need it",
}
_PARTITION_GONE = {
    "migration.behaviour": "the probes look for it and for its rows",
    "migration.data_unchanged": "its rows go with it",
    "migration.repeatable": "the second run makes it again and logs that",
}
_LEFT = {"rollback.schema_identical": "it was not there before"}
_NOT_ITS_OWN = {"rollback.reapplies": "the migration, applied again, does not make it either"}


def all_defects() -> list[Defect]:
    """Those of the files and those made here, by plan and name."""
    plan = plans()["opt1"]
    found = [*read_defects(), *_objects_dropped(plan), *_drops_left_out(plan)]
    return sorted(found, key=lambda defect: defect.id)


def _objects_dropped(plan: Plan) -> Iterator[Defect]:
    """The migration drops, at its end, one of the objects that it is to create."""
    for table in plan.creates.table:
        if table.startswith(f"{plan.backup.table}_"):
            yield _dropped(plan, f"TABLE {table}", _PARTITION_GONE)
        else:
            yield _dropped(plan, f"TABLE {table}", _GONE)
    for routine in plan.creates.routine:
        yield _dropped(plan, f"ROUTINE {routine} CASCADE", _GONE)


def _dropped(plan: Plan, what: str, also: Mapping[str, str]) -> Defect:
    name = what.split()[1].partition("(")[0].rpartition(".")[2]
    return Defect(
        plan=plan_key(plan),
        name=f"objects_dropped_{name}",
        what=f"Cleaned up too much at the end: DROP {what}.",
        check="migration.objects",
        manner="append",
        # In a block, where no rule about the text of a script applies.
        body=f"DO $$\nBEGIN\n    DROP {what};\nEND\n$$;\n",
        also=also,
    )


def _drops_left_out(plan: Plan) -> Iterator[Defect]:
    """The rollback forgets one of the objects that it is to drop."""
    for statement in read_script(rollback_of(plan)).statements:
        if statement.kind.startswith("DROP"):
            text = statement.sql.rstrip().rstrip(";")
            what = text.removeprefix(statement.kind).strip().removeprefix("IF EXISTS ")
            made = what.replace(", ", ",") in (*plan.creates.routine, *plan.creates.table)
            yield Defect(
                plan=plan_key(plan),
                name=f"rollback_forgets_{what.partition('(')[0].rpartition('.')[2]}",
                what=f"Left a statement out of the rollback: {text}.",
                check="rollback.objects_gone",
                manner="replace",
                body=f"-- <<<\n{text};\n-- >>>\n",
                script="rollback",
                also=_LEFT if made else {**_LEFT, **_NOT_ITS_OWN},
            )
