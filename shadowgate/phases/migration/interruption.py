"""Phase 5: what an interrupted migration leaves, tried at every statement on a thinned copy."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from threading import Lock

from shadowgate.catalogue import Snapshot
from shadowgate.migrate import (
    Interruption,
    InterruptionTrial,
    Script,
    in_one_transaction,
    interrupt_at_every_boundary,
    is_one_transaction,
    may_be_one_transaction,
    referenced_relations,
)
from shadowgate.phases.facts import bare
from shadowgate.phases.migration.thinning import thin
from shadowgate.phases.restore.state import State, differences_in_words, state_of
from shadowgate.phases.runner import RETRY, session_of
from shadowgate.plan import Plan
from shadowgate.plan.derived import UNKNOWN
from shadowgate.progress import Progress
from shadowgate.server import Database, Databases

KEPT_ROWS = 1_000
"""Rows that the thinned copy keeps, about: enough for every year, quick to migrate thirty times."""

_UNREFERENCED = """
SELECT asked.name
FROM unnest(%s::text[]) AS asked (name)
WHERE NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    WHERE k.contype = 'f' AND k.confrelid = pg_catalog.to_regclass(asked.name)
)
"""


def interrupt(
    script: Script,
    shadow: Database,
    before: State,
    databases: Databases,
    plan: Plan,
    progress: Progress,
) -> tuple[Interruption, ...]:
    """Terminate the migrating session at each statement, each time on a fresh small copy.

    What the migration itself makes may hold other content each time, as a log does; schema and the
    tables that were there before must come out the same.

    Raises:
        MigrationError: the script fails without being interrupted.
    """
    progress(f"interrupting {script.path.name} at every statement, on a thinned copy")
    whole = referenced_relations(script)
    atomic = is_atomic(script, plan)
    if atomic and may_be_one_transaction(script):
        script = in_one_transaction(script)
    numbers = count(1)
    cloning = Lock()  # a session on the source, as cloning opens one, would stop another clone

    @contextmanager
    def clone() -> Iterator[Database]:
        with ExitStack() as stack:
            with cloning:
                copy = databases.cloned(smaller, f"{plan.database}_thin_{next(numbers)}")
                made = stack.enter_context(copy)
            yield made

    with _thinned(shadow, before, databases, plan, whole) as smaller:
        trial = InterruptionTrial(
            clone,
            lambda copy: _comparable(copy, before, plan),
            differences_in_words,
            RETRY,
            atomic=atomic,
            session=session_of(plan.runner),
        )
        return interrupt_at_every_boundary(script, trial)


def is_atomic(script: Script, plan: Plan) -> bool:
    """Whether a failure leaves nothing: the script or its runner opens a transaction.

    Most migration tools apply a file in one transaction. Where nobody says, that is taken for given
    of a script that allows it.
    """
    if is_one_transaction(script):
        return True
    if plan.runner.transaction == UNKNOWN:
        return may_be_one_transaction(script)
    return plan.runner.transaction == "file"


@contextmanager
def _thinned(
    shadow: Database,
    before: State,
    databases: Databases,
    plan: Plan,
    whole: Collection[str] = (),
) -> Iterator[Database]:
    """Copy the shadow and keep a fixed random sample of each large table.

    Tables that foreign keys refer to keep their rows, so that what refers to them stays true, and
    so do those of extensions: a geometry is nothing without its reference system.

    Args:
        shadow: the database to copy.
        before: what it holds.
        databases: makes the copy.
        plan: names it.
        whole: names, without a schema, of tables that foreign keys of the script will refer to.
    """
    large = {
        table: found.rows
        for table, found in before.content.items()
        if found.rows > KEPT_ROWS and bare(table) not in whole
    }
    with databases.cloned(shadow, f"{plan.database}_thin") as smaller:
        with smaller.connect() as connection:
            alone = [name for (name,) in connection.execute(_UNREFERENCED, [list(large)])]
            thin(connection, {name: KEPT_ROWS / large[name] for name in alone})
        yield smaller


def _comparable(database: Database, before: State, plan: Plan) -> State:
    """What counts of a state: not the content, nor the counters, of what the migration made.

    What a migration tool notes of it does not count either.
    """
    state = state_of(database, before.content, plan.renames)
    objects = {
        identity: found
        if identity in before.snapshot.objects
        else replace(
            found, attributes={k: v for k, v in found.attributes.items() if k != "next_value"}
        )
        for identity, found in state.snapshot.objects.items()
    }
    content = {table: found for table, found in state.content.items() if table in before.content}
    return State(Snapshot(objects), content).less_histories
