"""What a killed run of the tests left behind is swept by the next one, and by no other."""

import secrets
from pathlib import Path

import pytest

from console.embedded import Services
from tests import services as parts


@pytest.fixture
def mark(monkeypatch: pytest.MonkeyPatch) -> str:
    """The databases of this test alone: those of the run are left in peace."""
    mark = f"kelisim_swept_{secrets.token_hex(4)}_"
    monkeypatch.setattr(parts, "_MARK", mark)
    return mark


def left_by(services: Services, mark: str) -> str:
    """A database as a killed run leaves it."""
    name = f"{mark}of_a_killed_run"
    with parts._administration(services) as connection:
        parts._create(connection, name, "template0")
    return name


def is_there(services: Services, name: str) -> bool:
    with parts._administration(services) as connection:
        return parts._exists(connection, name)


def test_whoever_comes_to_nobody_sweeps_and_whoever_joins_somebody_does_not(
    services: Services, mark: str, tmp_path: Path
) -> None:
    place = tmp_path / "present.lock"
    name = left_by(services, mark)
    with parts.present(services, place):
        assert not is_there(services, name)
        name = left_by(services, mark)
        with parts.present(services, place):
            assert is_there(services, name)
    with parts.present(services, place):
        assert not is_there(services, name)
