"""Each guard against an incident is taken out of a copy of the code; a test must miss it.

Nobody has to believe the table of docs/incidents.md: this is what it says, done.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from console.embedded import Services
from mailing.base.settings import ROOT
from tests.incidents.guard import Guard
from tests.incidents.guards import GUARDS
from tests.incidents.test_register import PROMISED
from tests.services import RUN, TEMPLATE

NOT_THE_CODE = (".git", ".venv", "var", "__pycache__", ".*_cache", "*.egg-info")
# What pytest says of tests that ran, of which one failed: a mistake in the patch is no failure.
PASSED, FAILED = 0, 1


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its tests in a folder of their own, where nothing minds being broken."""
    place = tmp_path_factory.mktemp("guards") / "copy"
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*NOT_THE_CODE))
    return place


@pytest.fixture(scope="module")
def around(services: Services, template: str) -> dict[str, str]:
    """What the runs inside find around them: the services and the empty database of this run."""
    return {
        **{name: value for name, value in os.environ.items() if name != RUN},
        "KELISIM_DATABASE_URL": services.database_url,
        "KELISIM_REDIS_URL": services.redis_url,
        TEMPLATE: template,
        # A file changes twice within a second: what was compiled of it before must not be taken.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@pytest.fixture(params=GUARDS, ids=lambda one: f"{one.numbers} {Path(one.path).name}")
def taken_out(request: pytest.FixtureRequest, copy: Path) -> Iterator[Guard]:
    """One guard after the other: out for the time of a test."""
    guard: Guard = request.param
    path = copy / guard.path
    whole = path.read_text()
    path.write_text(without(guard, whole))
    yield guard
    path.write_text(whole)


def without(guard: Guard, whole: str) -> str:
    """The text of its file as it would be without the guard."""
    assert guard.old in whole, f"{guard.path} has changed: {guard.numbers} has to follow it"
    return whole.replace(guard.old, guard.new, 1)


def test_every_promised_incident_has_a_guard_that_can_be_taken_out() -> None:
    numbers = {number for guard in GUARDS for number in guard.numbers.split(", ")}
    assert sorted(PROMISED - numbers) == []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda one: f"{one.numbers} {Path(one.path).name}")
def test_every_guard_stands_where_the_table_says(guard: Guard) -> None:
    whole = (ROOT / guard.path).read_text()
    assert without(guard, whole) != whole
    for test in guard.tests:
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(), test


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_with_every_guard_in_its_place_the_tests_pass(copy: Path, around: dict[str, str]) -> None:
    """So that a test which fails in the copy fails because of the guard."""
    code, said = run(copy, around, sorted({test for guard in GUARDS for test in guard.tests}))
    assert code == PASSED, said


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_without_the_guard_a_test_fails(
    taken_out: Guard, copy: Path, around: dict[str, str]
) -> None:
    code, said = run(copy, around, taken_out.tests)
    assert (code, " error" in said.splitlines()[-1]) == (FAILED, False), said


def run(copy: Path, own: dict[str, str], tests: Iterable[str]) -> tuple[int, str]:
    """Run tests of the copy; pytest's code, and what it said."""
    how = ("-q", "-x", "--tb=line", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *how, *tests]
    done = subprocess.run(command, cwd=copy, env=own, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
