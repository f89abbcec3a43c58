"""What of psql reaches beyond the session is refused before anything is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadowgate.errors import ScriptError
from shadowgate.migrate import read_script
from shadowgate.migrate.psql_commands import commands_of, refuse_commands


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("\\! rm -r x", "psql's \\!, which may reach"),
        ("\\!ls", "psql's \\!"),
        ("\\copy t FROM PROGRAM 'ls'", "psql's \\copy"),
        ("\\o |cat", "psql's \\o"),
        ("\\out file", "psql's \\out"),
        ("SELECT 1 \\g |cat", "psql's \\g, which writes to a file or a program"),
        ("SELECT 1 \\gx out.txt", "psql's \\gx"),
        ("\\setenv PATH x", "psql's \\setenv"),
        ("\\connect other", "psql's \\connect"),
        ("\\cd /", "psql's \\cd"),
        ("\\lo_import '/x'", "psql's \\lo_import"),
        ("\\set x `id`", "psql's \\set, which runs a program in backticks"),
        ("\\echo 'a' \\! ls", "psql's \\!"),
        ("\\echo hi \\\\ SELECT 1; \\! ls", "psql's \\!"),
        ("\\i /etc/passwd", "not in the script's folder"),
        ("\\ir ../x.sql", "not in the script's folder"),
        ("\\ir :file", "not in the script's folder"),
        ("\\ir m.sql", "includes the script in itself"),
        ("\\ir missing.sql", "cannot be read"),
        ("\\ir worse.sql", "psql's \\!"),
        ("\\set n 1\nCOPY t TO PROGRAM 'cat';", "COPY … PROGRAM"),
        ("\\set n 1\nDO $$ BEGIN EXECUTE 'COPY t TO PROGRAM ''ls'''; END $$;", "COPY … PROGRAM"),
    ],
)
def test_a_command_that_reaches_out_is_refused_with_its_line(
    tmp_path: Path, command: str, said: str
) -> None:
    (tmp_path / "worse.sql").write_text("SELECT 1;\n\\! ls\n", encoding="utf-8")
    path = tmp_path / "m.sql"
    path.write_text(f"SELECT 1;\n{command}\n", encoding="utf-8")
    with pytest.raises(ScriptError, match=re.escape(said)) as caught:
        read_script(path)
    assert re.search(r"(m|worse)\.sql, line [23]: ", caught.value.where)


@pytest.mark.parametrize(
    "text",
    [
        "\\set n 5\n\\if :n\n\\echo 'it `is`' :n\n\\elif 0\n\\else\n\\endif\n",
        "\\timing on\n\\pset pager off\n\\encoding UTF8\n\\ir part.sql\n\\ir sub/part.sql\n",
        "SELECT 1 AS a \\gset\nSELECT :a \\g\nSELECT 1 \\; SELECT 2;\nSELECT 'SELECT 1' \\gexec\n",
        "COPY t (a) FROM stdin;\n1\\! ls\t'\n\\N\n\\.\n\\echo done\n",
        "\\set n 1\nSELECT '\\! ls', E'\\'\\! ls', \"\\!\", $a$\\! ls$a$;\n",
        "\\set n 1\n-- \\! ls\n/* \\! ls */ SELECT 1;\n",
        "\\set n 1\nSELECT 1 AS x$y$; SELECT 'a' AS program, 'x' AS copy;\n",
    ],
)
def test_what_stays_in_the_session_and_the_folder_passes(tmp_path: Path, text: str) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("part.sql", "sub/part.sql"):
        (tmp_path / name).write_text("\\echo part\nSELECT 1;\n", encoding="utf-8")
    refuse_commands(text, tmp_path / "m.sql")


HARMLESS = st.sampled_from(
    ["SELECT 1;\n", "-- it's\n", '/* " */', "SELECT 'a;b', $$ ' $$;\n", "\\echo it\n", "é;\n"]
)


@given(st.lists(HARMLESS), st.lists(HARMLESS))
def test_a_command_is_found_between_anything(before: list[str], after: list[str]) -> None:
    text = "".join(before) + "\n\\! ls\n" + "".join(after)
    (command,) = [command for command in commands_of(text) if command.name != "echo"]
    assert (command.name, command.arguments) == ("!", "ls")
    assert text.splitlines()[command.line - 1] == "\\! ls"
