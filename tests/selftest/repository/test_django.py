"""Django's layout, with a project, apps and migrations that Django itself runs.

Asking Django takes a server and two to three seconds, so what it says of several migrations is
asked for at once.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shadowgate.errors import UsageError
from shadowgate.repository.branch import open_project
from shadowgate.repository.frameworks import Asking
from shadowgate.repository.frameworks.django import with_sql
from shadowgate.server import Server
from tests.selftest.repository.repositories import Repository, Texts, repository
from tests.selftest.repository.test_changed import Runs, judged

SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop", "desk.apps.Desk"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": "production", "HOST": "production.invalid",
    "OPTIONS": {"sslmode": "verify-full", "application_name": "shop"},
}}
"""
MANAGE = """import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
APPS = (
    'from django.apps import AppConfig\nclass Desk(AppConfig):\n    name, label = "desk", "help"\n'
)
ID = '("id", models.BigAutoField(primary_key=True))'


def migration(operations: str, *follows: str, app: str = "shop", more: str = "") -> str:
    """The file of a migration."""
    before = ", ".join(f'("{app}", "{name}")' for name in follows)
    return (
        "from django.db import migrations, models\n"
        "from django.contrib.postgres.operations import AddIndexConcurrently\n\n\n"
        f"{more}\n\nclass Migration(migrations.Migration):\n"
        f"    dependencies = [{before}]\n    operations = [\n{operations}\n    ]\n"
    )


def add(field: str, kind: str = "models.TextField(null=True)") -> str:
    """An operation that adds a field to an order."""
    return f'        migrations.AddField("order", "{field}", {kind}),'


FIRST = migration(
    f'        migrations.CreateModel("Customer", fields=[{ID}]),\n'
    f'        migrations.CreateModel("Order", fields=[{ID}, ("customer", '
    'models.ForeignKey("shop.customer", models.CASCADE)), ("code", models.CharField('
    "max_length=9, unique=True))]),"
)
DESK = migration(f'        migrations.CreateModel("Ticket", fields=[{ID}]),', app="help")
BASE: Texts = {
    "site/manage.py": MANAGE,
    "site/project/__init__.py": "",
    "site/project/settings.py": SETTINGS,
    "site/shop/__init__.py": "",
    "site/shop/migrations/__init__.py": "",
    "site/shop/migrations/0001_initial.py": FIRST,
    "site/desk/__init__.py": "",
    "site/desk/apps.py": APPS.replace("name, label = ", "name = ").replace(
        ', "help"', '\n    label = "help"'
    ),
    "site/desk/migrations/__init__.py": "",
    "site/desk/migrations/0001_initial.py": DESK,
    ".gitignore": "__pycache__/\n",
}


@pytest.fixture
def made(tmp_path: Path) -> Repository:
    """A project with two apps, one of which has a label that is not its folder's name."""
    return repository(tmp_path, BASE)


@pytest.fixture
def at(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The server of the tests, as a user names one of theirs."""
    there = server.endpoint
    monkeypatch.setenv("PGPASSWORD", there.password or "")
    return f"postgresql://{there.user}@{there.host}:{there.port}/postgres"


def shop(name: str) -> str:
    """The file of a migration of the shop."""
    return f"site/shop/migrations/{name}.py"


def rules(made: Repository) -> list[str]:
    return [each.rule for each in made.branch(working_tree=True).changes.findings]


def keys(made: Repository) -> list[str]:
    return [each.key for each in made.branch(working_tree=True).changes.pending]


FILL = (
    "def fill(apps, schema_editor):\n    apps.get_model('shop', 'Order').objects.update(code=1)\n"
)
PYTHON = "        migrations.RunPython({}),"


def test_its_migrations_are_judged_as_the_sql_that_it_sends_in_its_order(
    made: Repository, at: str
) -> None:
    index = '        AddIndexConcurrently("order", models.Index(fields=["note"], name="by_note")),'
    other = migration(add("mark").replace("order", "ticket"), "0001_initial", app="help")
    noop = PYTHON.format("migrations.RunPython.noop, migrations.RunPython.noop")
    made.commit(
        {
            shop("0002_b_note"): "# shadowgate: allow out-of-order: x\n"
            + migration(f"{add('note')}\n{noop}", "0001_initial"),
            shop("0003_a_index"): migration(index, "0002_b_note").replace(
                "    dependencies", "    atomic = False\n    dependencies"
            ),
            shop("0004_no_customer"): migration(
                '        migrations.RemoveField("order", "customer"),\n'
                '        migrations.AlterField("order", "code", models.CharField(max_length=9)),',
                "0003_a_index",
            ),
            "site/desk/migrations/0002_mark.py": other,
        }
    )
    assert str(open_project(made.folder).place) == "site (django)"
    runs = Runs()
    ended = judged(made, runs, server=at)
    assert ended.status == 0, ended.said
    assert not ended.document["findings"]
    assert [job.name for job in runs.jobs] == [
        *("help.0002_mark", "shop.0002_b_note", "shop.0003_a_index", "shop.0004_no_customer")
    ]
    mark, note, index, dropped = runs.scripts
    assert 'ALTER TABLE "help_ticket" ADD COLUMN "mark" text NULL;' in mark
    assert note.startswith("-- shadowgate: allow out-of-order: x\n")
    assert "VALUES ('shop', '0002_b_note', now());" in note
    assert [runs.option(n, "--transaction") for n in range(4)] == [
        *("file", "file", "statement", "file")
    ]
    assert 'CREATE INDEX CONCURRENTLY "by_note"' in index
    assert 'DROP CONSTRAINT "shop_order_customer_id_' in dropped, "its name is looked up"
    assert 'DROP CONSTRAINT "shop_order_code_' in dropped
    back = Path(runs.option(1, "--rollback"))
    assert not back.exists(), "it was a file of the run's"
    assert [len(each) for each in runs.applied] == [0, 1, 2, 3]


def asked(made: Repository, at: str) -> dict[str, tuple[str | None, list[str]]]:
    """Migration -> its way back, and what is found about it."""
    folder = made.folder / "site"
    pending = made.branch(working_tree=True).changes.pending
    found = with_sql(pending, Asking(made.folder, folder, server=at))
    return {
        each.name: (
            each.down.text if each.down else None,
            [f"{flaw.rule}:{flaw.line}: {flaw.what}" for flaw in each.flaws],
        )
        for each in found
    }


def test_what_is_no_sql_or_refused_or_irreversible_is_told(made: Repository, at: str) -> None:
    nested = "        migrations.SeparateDatabaseAndState(database_operations=[\n{}\n        ]),"
    index = '        AddIndexConcurrently("order", models.Index(fields=["note"], name="by_note")),'
    made.commit(
        {
            shop("0002_note"): migration(add("note"), "0001_initial"),
            shop("0003_fill"): migration(PYTHON.format("fill"), "0002_note", more=FILL),
            shop("0004_nested"): migration(
                nested.format(PYTHON.format("migrations.RunPython.noop, fill")),
                "0003_fill",
                more=FILL,
            ),
            shop("0005_sql"): migration('        migrations.RunSQL("SELECT 1")', "0004_nested"),
            shop("0006_index"): migration(index, "0005_sql"),
            shop("0007_later"): migration(add("later"), "0006_index"),
        }
    )
    found = asked(made, at)
    back, flaws = found["shop.0002_note"]
    assert not flaws
    assert back is not None
    assert 'ALTER TABLE "shop_order" DROP COLUMN "note" CASCADE;' in back
    assert "DELETE FROM django_migrations WHERE app = 'shop' AND name = '0002_note';" in back
    assert found["shop.0003_fill"][0] is None
    (flaw,) = found["shop.0003_fill"][1]
    assert flaw.startswith("not-sql:12: RunPython(fill): Django runs it as Python")
    (flaw,) = found["shop.0004_nested"][1]
    assert "RunPython(noop), on the way back: Django runs it as Python" in flaw
    assert found["shop.0005_sql"] == (None, [])
    (flaw,) = found["shop.0006_index"][1]
    assert "NotSupportedError" in flaw
    assert "atomic = False" in flaw
    assert found["shop.0007_later"][1] == ["script:None: it comes after one that Django refuses"]


def test_python_stops_a_branch_unless_it_is_accepted_with_a_reason(
    made: Repository, at: str
) -> None:
    text = migration(PYTHON.format("fill, migrations.RunPython.noop"), "0001_initial", more=FILL)
    made.commit({shop("0002_fill"): text})
    ended = judged(made, Runs(), server=at)
    assert (ended.status, ended.rules) == (1, ["not-sql"])
    assert ended.verdicts == {"shop.0002_fill": "not judged"}
    made.commit({shop("0002_fill"): f"# shadowgate: allow not-sql: a code, always\n{text}"})
    (made.folder / "reports" / "changed.json").unlink()
    ended = judged(made, Runs(), server=at)
    assert (ended.status, ended.rules) == (0, [])
    assert ended.document["findings"][0]["accepted"] == "a code, always"


EDITS: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "what it does": (lambda text: text.replace("=9", "=10"), ["edited-migration"]),
    "a comment": (lambda text: f"# A comment.\n{text}", []),
}


@pytest.mark.parametrize("case", EDITS)
def test_an_edit_of_what_the_base_has_is_found_if_it_does_something_else(
    made: Repository, case: str
) -> None:
    edit, wanted = EDITS[case]
    made.commit({shop("0001_initial"): edit(FIRST)})
    assert rules(made) == wanted
    assert not keys(made)


def test_two_leaf_nodes_are_found_and_joining_them_is_nothing_to_judge(made: Repository) -> None:
    made.commit({shop(name): migration(add(name[-1]), "0001_initial") for name in ("2_a", "2_b")})
    assert rules(made) == ["directives", "directives"]
    made.commit({shop("3_joined"): migration("", "2_a", "2_b")})
    assert not rules(made)
    assert keys(made) == ["shop.2_a", "shop.2_b"]


def test_a_migration_that_another_app_is_ahead_of_is_not_out_of_order(made: Repository) -> None:
    made.git("checkout", "--quiet", "base")
    made.commit({shop("0002_a"): migration(add("a"), "0001_initial")})
    made.git("checkout", "--quiet", "-B", "change")
    other = migration(add("mark").replace("order", "ticket"), "0001_initial", app="help")
    made.commit({"site/desk/migrations/0002_mark.py": other})
    assert not rules(made)
    early = migration(add("b"), "0001_initial")
    made.commit({shop("0001_b"): early, shop("0002_a"): migration(add("a"), "0001_b")})
    assert sorted(rules(made)) == ["edited-migration", "out-of-order"]


def test_a_squashed_migration_is_nothing_new_and_may_take_the_others_place(
    made: Repository,
) -> None:
    squashed = FIRST.replace("    dep", '    replaces = [("shop", "0001_initial")]\n    dep')
    made.commit({shop("0001_squashed"): squashed})
    assert (rules(made), keys(made)) == ([], [])
    made.commit({shop("0002_x"): migration(add("x"), "0001_initial")})
    assert (rules(made), keys(made)) == ([], ["shop.0002_x"]), "it follows what is replaced"
    made.remove(shop("0002_x"))
    made.git("branch", "--force", "base")
    made.commit({shop("0001_squashed"): FIRST})
    made.remove(shop("0001_initial"))
    assert (rules(made), keys(made)) == ([], [])


def test_a_file_that_is_not_python_is_found(made: Repository) -> None:
    made.commit({shop("0002_x"): migration(add("x"), "0001_initial") + "def (\n"})
    assert rules(made) == ["script"]


def test_the_settings_can_be_named(made: Repository, at: str) -> None:
    manage = MANAGE.replace("project.settings", "nowhere.settings")
    toml = 'settings_module = "project.settings"\n'
    made.commit(
        {
            "site/manage.py": manage,
            "shadowgate.toml": toml,
            shop("0002_x"): migration(add("x"), "0001_initial"),
        }
    )
    ended = judged(made, Runs(), server=at)
    assert ended.status == 0, ended.said


REFUSALS: dict[str, tuple[Texts, str, str]] = {
    "no such Python": ({}, "/nowhere/python", "cannot be started"),
    "no settings": ({"site/manage.py": "# django.core.management\n"}, "", "nothing says which"),
    "settings that fail": (
        {"site/project/settings.py": "import nosuchmodule\n"},
        "",
        "No module named 'nosuchmodule'",
    ),
    "another database": (
        {"site/project/settings.py": SETTINGS.replace("postgresql", "sqlite3")},
        "",
        "the default database is sqlite, not PostgreSQL",
    ),
    "a history that does not run": (
        {"site/desk/migrations/0001_initial.py": DESK.replace("BigAutoField", "NoSuchField")},
        "",
        "no attribute 'NoSuchField'",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_asked_is_said_in_one_sentence(made: Repository, at: str, case: str) -> None:
    texts, python, words = REFUSALS[case]
    made.commit({**texts, shop("0002_x"): migration(add("x"), "0001_initial")})
    pending = made.branch().changes.pending
    asking = Asking(made.folder, made.folder / "site", python, server=at)
    with pytest.raises(UsageError, match=words) as refused:
        with_sql(pending, asking)
    assert refused.value.exit_status == 4


def test_a_python_without_django_is_one_sentence(made: Repository, at: str, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    made.commit({shop("0002_x"): migration(add("x"), "0001_initial")})
    pending = made.branch().changes.pending
    asking = Asking(made.folder, made.folder / "site", str(bare / "bin" / "python"), server=at)
    with pytest.raises(UsageError, match="No module named 'django'"):
        with_sql(pending, asking)


def test_what_django_does_not_load_is_found(made: Repository, at: str) -> None:
    made.commit({"site/lost/migrations/0001_x.py": migration(add("x"))})
    ((_, (flaw,)),) = asked(made, at).values()
    assert "INSTALLED_APPS" in flaw or "does not load it" in flaw
