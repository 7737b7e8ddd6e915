"""The printed table of who may do what."""

from pathlib import Path

from click.testing import CliRunner

from paritrana.cli import main
from paritrana.core.policy import MATRIX, Guard, Role
from paritrana.home.matrix import LETTERS, ROLES, WAITING, WORDS

FILE = Path(__file__).parents[2] / "docs" / "security" / "matrix.md"


def test_the_file_is_what_the_command_prints():
    printed = CliRunner().invoke(main, ["authz", "--print"])
    assert printed.exit_code == 0
    assert FILE.read_text(encoding="utf-8") == printed.stdout, "run: paritrana authz --print > docs/security/matrix.md"


def test_every_act_has_one_row_and_every_role_one_column():
    rows = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("| `") and " | " in line]
    acts = {line.split("`")[1]: line.count("|") - 1 for line in rows if line.count("|") > 5}
    assert list(acts) == [act.value for act in MATRIX]
    assert set(acts.values()) == {len(Role) + 1}


def test_every_role_and_every_guard_is_explained():
    assert set(ROLES) == set(Role)
    assert {*LETTERS, *WORDS} == {guard.value for guard in Guard}


def test_an_act_that_waits_has_no_row():
    assert not {act.value for act in MATRIX} & set(WAITING)


def test_without_the_option_the_command_says_how_it_is_used():
    printed = CliRunner().invoke(main, ["authz"])
    assert printed.exit_code == 0
    assert "--print" in printed.stdout
