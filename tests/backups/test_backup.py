"""A backup: one moment, nothing in clear, whole or none."""

from pathlib import Path

import psycopg
import pytest
from flask import Flask

from mailing.backups import backup, keys, manifest
from mailing.base.database import dsn
from mailing.base.errors import Conflict, Invalid, KelisimError, NotReady
from mailing.base.settings import Settings
from mailing.leaving import replay
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.backups.ground import back_up, quiet, restored, rows
from tests.person import Person


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    replay.run()
    policy = road.lay()
    Person(policy).say_yes("news")
    return policy


def test_it_is_one_moment_while_others_go_on(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    """Somebody joins and leaves between each two tables."""
    before = rows(settings.database)
    joined = iter(range(100))

    def meanwhile(_sentence: str) -> None:
        [somebody] = road.subscribe(policy, 1, first=next(joined))
        with psycopg.connect(dsn(settings.database), autocommit=True) as other:
            other.execute("UPDATE standings SET standing = 'withdrawn'")
        assert somebody

    made = backup.make(settings, tmp_path / "backup", meanwhile)
    assert next(joined) > 20
    assert {kept.name: kept.rows for kept in made.manifest.tables} == {
        name: len(lines) for name, lines in before.items() if name != "alembic_version"
    }
    with restored(settings, empty_database_url, tmp_path / "backup"):
        after = rows(empty_database_url)
    for name in ("subscribers", "ledger", "standings", "evidence"):
        assert after[name] == before[name]


def test_nothing_in_it_can_be_read_without_the_key(
    policy: PolicyVersion, settings: Settings, tmp_path: Path
) -> None:
    with psycopg.connect(dsn(settings.database)) as connection:
        connection.execute("UPDATE subscribers SET provider = 'canary.example'")
    made = back_up(settings, tmp_path / "backup")
    files = list((tmp_path / "backup").iterdir())
    assert len(files) == len(made.manifest.tables) + 1
    for path in files:
        octets = path.read_bytes()
        assert b"canary" not in octets
        assert made.key.secret not in octets
        assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700


def test_a_change_anywhere_in_the_manifest_is_found(
    policy: PolicyVersion, settings: Settings, tmp_path: Path
) -> None:
    made = back_up(settings, tmp_path / "backup")
    path = tmp_path / "backup" / "manifest.json"
    whole = path.read_bytes()
    for place in [*range(0, len(whole), 61), len(whole) - 1]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(KelisimError):
            manifest.demand_proof(tmp_path, *manifest.read(tmp_path / "backup"), made.key)


def test_a_directory_that_holds_anything_is_left_as_it_is(
    policy: PolicyVersion, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "other").write_text("kept")
    with pytest.raises(Conflict, match="is not empty"):
        back_up(settings, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["other"]
    assert list(keys.known(settings.key_dir)) == []


def test_one_that_was_broken_off_is_no_backup(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    def kill(sentence: str) -> None:
        if sentence.startswith("3 of"):
            raise Killed

    with pytest.raises(Killed):
        backup.make(settings, tmp_path / "backup", kill)
    assert len(list((tmp_path / "backup").iterdir())) == 3
    with (
        pytest.raises(Invalid, match="it has no manifest"),
        restored(settings, empty_database_url, tmp_path / "backup"),
    ):
        pass
    with pytest.raises(Conflict, match="broken off"):
        back_up(settings, tmp_path / "backup")


def test_a_database_without_a_schema_leaves_nothing_behind(
    settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    nothing = settings.model_copy(update={"database_url": empty_database_url})
    with pytest.raises(NotReady, match="nothing to back up"):
        backup.make(nothing, tmp_path / "backup", quiet)
    assert not (tmp_path / "backup").exists()
    assert not settings.key_dir.exists()
