"""Writes down the SQL of some of a Django project's migrations.

It is run in the project's folder by the project's own Python, which need not have shadowgate, with
the path of a file that says what is wanted. Every database of the project's settings is replaced by
an empty one, which is migrated on the way; no other is reached.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ELSEWHERE = (
    *("service", "sslmode", "sslrootcert", "sslcert", "sslkey", "passfile", "pool"),
    *("host", "hostaddr", "port", "dbname", "user", "password", "assume_role"),
)
"""Options of a connection that hold for the server of the settings alone."""


def main() -> None:
    """Answer the request that the command line names."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.argv[:] = ["manage.py", "migrate"]

    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    for database in settings.DATABASES.values():
        options = database.get("OPTIONS", {})
        kept = {name: value for name, value in options.items() if name not in ELSEWHERE}
        database.update(request["database"], OPTIONS=kept)
        if "sqlite" in database["ENGINE"]:
            database["NAME"] = ":memory:"
    django.setup()
    answers = asked({str(Path(file).resolve()) for file in request["files"]})
    Path(request["answer"]).write_text(json.dumps(answers), encoding="utf-8")


def asked(files: set[str]) -> list[dict[str, Any]]:
    """Answer for the migrations in some files, in the order that Django applies them."""
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    if connection.vendor != "postgresql":
        raise SystemExit(
            f"DatabaseError: the default database is {connection.vendor}, not PostgreSQL"
        )
    connection.prepare_database()
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    plan = [migration for migration, _ in executor.migration_plan(graph.leaf_nodes())]
    wanted = {key(each): file_of(each) for each in plan if file_of(each) in files}
    earlier = [each for each in plan if not wanted.keys() & set(graph.forwards_plan(key(each)))]
    executor.migrate(None, plan=[(each, False) for each in earlier])
    answers: list[dict[str, Any]] = []
    conflicts = executor.loader.detect_conflicts()
    refusal = f"Django refuses several leaf nodes: {conflicts}" if conflicts else ""
    for each in plan:
        if key(each) in wanted:
            said = {"file": wanted[key(each)], "refused": refusal}
            answers.append({**said, **({} if refusal else answer(executor, each))})
            if answers[-1]["refused"]:
                refusal = "it comes after one that Django refuses"
    return answers


def key(migration: Any) -> tuple[str, str]:
    """What Django's graph knows a migration by."""
    return (migration.app_label, migration.name)


def file_of(migration: Any) -> str:
    """The file that a migration is from."""
    return str(Path(str(sys.modules[type(migration).__module__].__file__)).resolve())


def answer(executor: Any, migration: Any) -> dict[str, Any]:
    """The SQL of a migration, which is applied after it is asked for its SQL."""
    from django.db.migrations.exceptions import IrreversibleError  # noqa: PLC0415

    said: dict[str, Any] = {"atomic": migration.atomic, "backwards": None}
    try:
        sql = collected(executor.connection, key(migration), backwards=False)
        said["forwards"] = "\n".join([*sql, INSERT % quoted(migration)])
        said["python"] = [described(each) for each in in_python(migration, "code")]
        executor.loader.build_graph()
        executor.migrate(None, plan=[(migration, False)])
        try:
            sql = collected(executor.connection, key(migration), backwards=True)
        except IrreversibleError:
            return said
        said["backwards"] = "\n".join([*sql, DELETE % quoted(migration)])
        back = [described(each) for each in in_python(migration, "reverse_code")]
        said["python"] += [f"{each}, on the way back" for each in back]
    except Exception as error:  # whatever an operation raises is the answer
        lines = str(error).strip().splitlines() or [""]
        said["refused"] = f"Django refuses it: {type(error).__name__}: {lines[0]}"
    return said


def collected(connection: Any, target: tuple[str, str], *, backwards: bool) -> list[str]:
    """The statements that ``sqlmigrate`` shows for a migration."""
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415

    loader = MigrationLoader(connection, replace_migrations=False)
    return list(loader.collect_sql([(loader.graph.nodes[target], backwards)]))


INSERT = "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now());\n"
DELETE = "DELETE FROM django_migrations WHERE app = %s AND name = %s;\n"


def quoted(migration: Any) -> tuple[str, ...]:
    """App and name of a migration as constants of SQL."""
    return tuple("'" + word.replace("'", "''") + "'" for word in key(migration))


def in_python(migration: Any, way: str) -> list[Any]:
    """Operations of a migration that are no SQL, at any depth, but for those that do nothing."""
    from django.db.migrations.operations import RunPython  # noqa: PLC0415

    waiting, found = list(migration.operations), []
    while waiting:
        each = waiting.pop(0)
        waiting[:0] = getattr(each, "database_operations", [])
        idle = isinstance(each, RunPython) and getattr(each, way) in (None, RunPython.noop)
        if not each.reduces_to_sql and not idle:
            found.append(each)
    return found


def described(operation: Any) -> str:
    """An operation in words."""
    code = getattr(operation, "code", None)
    name = getattr(code, "__name__", "")
    return f"{type(operation).__name__}({name})" if name else type(operation).__name__


if __name__ == "__main__":
    main()
