"""Dated keys: one a day, outside the backup, destroyed when its time is over."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailing.backups import keys
from mailing.base import clock
from mailing.base.errors import Missing, NotAllowed
from mailing.base.settings import Settings, load

TODAY = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def days() -> Iterator[list[int]]:
    """How many days have passed."""
    passed = [0]
    with clock.use(lambda: TODAY + timedelta(days=passed[0])):
        yield passed


@pytest.fixture
def kept(tmp_path: Path) -> Settings:
    """Settings that say where keys lie, and nothing that asks for a service."""
    secret = base64.b64encode(b"1" * 32).decode()
    given = {"secret_keys": "k", "data_key": secret, "suppression_key": secret}
    return load(**given, backup_keys=tmp_path / "keys", backup_days=3, _env_file=None)


def test_a_day_has_one_key_and_the_next_another(kept: Settings, days: list[int]) -> None:
    first = keys.of_today(kept)
    assert keys.of_today(kept) == first
    days[0] = 1
    second = keys.of_today(kept)
    assert second.secret != first.secret
    assert [key.id for key in keys.known(kept.key_dir)] == [first.id, second.id]
    assert (first.made_on, first.expires_on) == (date(2026, 11, 29), date(2026, 12, 2))


def test_only_its_owner_opens_a_key(kept: Settings, days: list[int]) -> None:
    key = keys.of_today(kept)
    assert key.path.stat().st_mode & 0o777 == 0o600
    assert key.path.parent.stat().st_mode & 0o777 == 0o700


def test_a_key_is_destroyed_when_its_time_is_over_and_no_sooner(
    kept: Settings, days: list[int]
) -> None:
    key = keys.of_today(kept)
    days[0] = 2
    assert keys.expire(kept, clock.now().date()) == []
    assert keys.find(key.id, [kept.key_dir]) == key
    days[0] = 3
    assert keys.expire(kept, clock.now().date()) == [key]
    assert list(kept.key_dir.iterdir()) == []
    with pytest.raises(Missing, match="nothing opens the backup any more"):
        keys.find(key.id, [kept.key_dir])


def test_a_copy_whose_time_is_over_opens_nothing(
    kept: Settings, days: list[int], tmp_path: Path
) -> None:
    key = keys.of_today(kept)
    copy = tmp_path / "safe.key"
    copy.write_bytes(key.path.read_bytes())
    days[0] = 3
    with pytest.raises(NotAllowed, match="was over on 2026-12-02"):
        keys.find(key.id, [copy])


def test_making_a_new_key_destroys_what_is_over(kept: Settings, days: list[int]) -> None:
    old = keys.of_today(kept)
    days[0] = 10
    assert [key.id for key in [keys.of_today(kept)]] != [old.id]
    assert not old.path.exists()


@pytest.mark.parametrize("broken", ["", "{}", "[]", "no json", '{"key": "AA=="}'])
def test_what_is_no_key_is_passed_by(kept: Settings, days: list[int], broken: str) -> None:
    key = keys.of_today(kept)
    (kept.key_dir / "0.key").write_text(broken)
    changed = json.loads(key.path.read_bytes()) | {"id": "00000000"}
    (kept.key_dir / "1.key").write_text(json.dumps(changed))
    assert list(keys.known(kept.key_dir)) == [key]
