"""What the files of migration tools say of where migrations are and how they are run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import UsageError
from shadowgate.repository.branch import open_project
from shadowgate.repository.configured.told import relative
from shadowgate.repository.settings import Settings
from tests.selftest.repository.repositories import Texts, repository
from tests.selftest.repository.test_layouts import DBMATE, GOOSE, SQITCH

SQL = "SELECT 1;\n"
ENV_PY = "from alembic import context\n"


@dataclass(frozen=True)
class Case:
    """Files of a project; what is to be told from them."""

    files: Texts
    place: str
    names: tuple[str, ...]
    settings: dict[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


FLYWAY = {"sql/V1__a.sql": SQL, "more/new/V2__b.sql": SQL, "old/V3__c.sql": SQL}
CASES = {
    "flyway.conf": Case(
        {
            **FLYWAY,
            "flyway.conf": "# x\nflyway.password=hidden\nflyway.locations=filesystem:./sql\n"
            "flyway.outOfOrder=true\nflyway.schemas=app,other\nflyway.placeholders.owner=me\n"
            "flyway.initSql=SELECT 1\n",
        },
        "sql (flyway)",
        ("V1__a",),
        {"out_of_order": True, "search_path": "app", "placeholders": {"owner": "me"}},
        ("flyway.conf: initSql is not honoured",),
    ),
    "flyway.toml, several locations": Case(
        {
            **FLYWAY,
            "flyway.toml": '[flyway]\nlocations = ["filesystem:sql", "filesystem:more"]\n'
            "executeInTransaction = false\n[flyway.placeholders]\nowner = 'me'\n",
        },
        ". (flyway)",
        ("V1__a", "V2__b"),
        {"transaction": "statement", "placeholders": {"owner": "me"}},
    ),
    "flyway on the class path": Case(
        {
            "src/main/resources/db/x/V1__a.sql": SQL,
            "src/test/V9__z.sql": SQL,
            "conf/flyway.conf": "flyway.locations = classpath:db/x\n",
        },
        "src/main/resources/db/x (flyway)",
        ("V1__a",),
    ),
    "sqitch, its folder": Case(
        {
            "db/sqitch.plan": SQITCH,
            "db/deploy/t.sql": SQL,
            "sqitch.conf": "[core]\n\tengine = pg\n\ttop_dir = db\n",
        },
        "db (sqitch)",
        ("t",),
    ),
    "sqitch, everything elsewhere": Case(
        {
            "the.plan": SQITCH,
            "up/t.ddl": SQL,
            "down/t.ddl": "SELECT 2;\n",
            "sqitch.conf": '[core]\n    engine = pg\n    plan_file = the.plan\n[engine "pg"]\n'
            "    deploy_dir = up\n    revert_dir = down\n    extension = ddl\n"
            '[deploy "variables"]\n    owner = me\n',
        },
        ". (sqitch)",
        ("t",),
        notes=('sqitch.conf: the variables of [deploy "variables"] are not set',),
    ),
    "alembic.ini": Case(
        {
            "db/env.py": ENV_PY,
            "db/versions/x.py": 'revision = "x"\ndown_revision = None\ndef upgrade(): f()\n',
            "alembic.ini": "[alembic]\nscript_location = %(here)s/db\n[loggers]\nkeys = root\n",
        },
        "db/versions (alembic)",
        ("x",),
    ),
    "alembic, its versions elsewhere": Case(
        {
            "db/env.py": ENV_PY,
            "revisions/x.py": 'revision = "x"\ndown_revision = None\ndef upgrade(): f()\n',
            "alembic.ini": "[alembic]\nscript_location = db\nversion_locations = revisions\n",
        },
        "revisions (alembic)",
        ("x",),
    ),
    "dbmate": Case(
        {"a/1_a.sql": DBMATE, "b/1_b.sql": DBMATE, ".env": "DBMATE_MIGRATIONS_DIR='./b'  # x\n"},
        "b (dbmate)",
        ("1_b",),
    ),
    "goose": Case(
        {"a/1_a.sql": GOOSE, "b/1_b.sql": GOOSE, ".env": "export GOOSE_MIGRATION_DIR=b\n"},
        "b (goose)",
        ("1_b",),
    ),
    "the settings win": Case(
        {
            **FLYWAY,
            "flyway.conf": "flyway.locations=filesystem:sql\nflyway.schemas=app\n",
            "shadowgate.toml": 'folder = "old"\nsearch_path = "mine"\n',
        },
        "old (flyway)",
        ("V3__c",),
        {"search_path": "mine"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_tools_file_says_is_honoured(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    repository(tmp_path, {}).commit(case.files)
    project = open_project(tmp_path)
    assert str(project.place) == case.place
    assert project.notes == case.notes
    usual = Settings()
    said = {
        key: getattr(project.settings, key)
        for key in ("out_of_order", "transaction", "search_path", "placeholders")
        if getattr(project.settings, key) != getattr(usual, key)
    }
    assert said == case.settings
    made = repository(tmp_path / "again", {})
    made.commit(case.files)
    found = made.branch().changes
    assert tuple(each.name for each in found.pending) == case.names
    assert not [each for each in found.findings if each.rule != "missing-rollback"]


REFUSED = {
    "flyway.conf": ("flyway.sqlMigrationPrefix=M\n", "sqlMigrationPrefix is another than"),
    "flyway.toml": ('[flyway]\nlocations = ["s3:bucket"]\n', "the location s3:bucket cannot be"),
    "sqitch.conf": ("[core]\nengine = mysql\n", "the engine is mysql"),
    "alembic.ini": ("[alembic]\nscript_location = a\nversion_locations = a b\n", "several folders"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_decides_and_is_not_known_is_an_error_unless_the_settings_decide(
    tmp_path: Path, name: str
) -> None:
    text, words = REFUSED[name]
    made = repository(tmp_path, {"sql/V1__a.sql": SQL, name: text})
    with pytest.raises(UsageError, match=words) as refused:
        open_project(tmp_path)
    assert refused.value.exit_status == 4
    layout = {"sqitch.conf": "sqitch", "alembic.ini": "alembic"}.get(name, "flyway")
    made.write({"shadowgate.toml": f'layout = "{layout}"\nfolder = "sql"\n'})
    (note,) = open_project(tmp_path).notes
    assert words in note


BROKEN = {"flyway.toml": "[x", "sqitch.conf": "x = 1\n", "alembic.ini": "x\n"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    repository(tmp_path, {"sql/V1__a.sql": SQL, name: BROKEN[name]})
    with pytest.raises(UsageError, match=name):
        open_project(tmp_path)


def test_of_two_tools_files_neither_decides(tmp_path: Path) -> None:
    repository(
        tmp_path,
        {**FLYWAY, "flyway.conf": "flyway.locations=filesystem:sql\n", "sqitch.conf": "[core]\n"},
    )
    with pytest.raises(UsageError, match="more than one place"):
        open_project(tmp_path)


@given(st.lists(st.sampled_from(["a", "b c", "é"]), min_size=1).map("/".join))
def test_a_folder_is_the_same_however_it_is_written(folder: str) -> None:
    for written in (folder, f"./{folder}", f"{folder}/", f" {folder} ", f"%(here)s/{folder}"):
        assert relative(written) == folder
