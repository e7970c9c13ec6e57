"""A restore: everything is back, and nothing that has happened since is forgotten."""

from pathlib import Path

import pytest
from flask import Flask

from mailing.base import installation
from mailing.base.settings import Settings
from mailing.leaving import replay
from mailing.people import ledger
from mailing.policies.versions import PolicyVersion
from tests import road
from tests.backups.ground import back_up, restored, rows
from tests.person import Person

# What a restore writes itself.
_OF_THE_RESTORE = {"installation", "restores", "audit_log"}


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    replay.run()
    return road.lay()


def test_every_row_comes_back_as_it_was(
    policy: PolicyVersion, settings: Settings, empty_database_url: str, tmp_path: Path
) -> None:
    somebody = Person(policy)
    somebody.say_yes("news", "offers")
    road.another()
    somebody.one_click("news")
    before = rows(settings.database)
    made = back_up(settings, tmp_path / "backup")
    assert rows(settings.database) == before
    with restored(settings, empty_database_url, tmp_path / "backup") as (_, told):
        assert list(ledger.verify()) == []
        assert told["rows"] == made.manifest.rows == sum(map(len, before.values())) - 1
        assert told["replayed"]["lines"] == 0
        assert not installation.here().sending_on
    after = rows(empty_database_url)
    different = {name for name in before if before[name] != after[name]}
    assert different == _OF_THE_RESTORE | {"campaigns", "batches"}
