"""A key that is made here signs, is found where its record says, and is never written over."""

import stat
from pathlib import Path

import pytest

from mailing.base import newkey
from mailing.base.errors import Conflict, Invalid
from mailing.base.settings import Settings
from mailing.base.signing import signing_keys
from mailing.deliveries import dns_records

DIGEST = b"d" * 32


@pytest.mark.parametrize("algorithm", newkey.ALGORITHMS)
def test_what_was_made_is_what_the_settings_then_read(
    settings: Settings, tmp_path: Path, algorithm: str
) -> None:
    made, path = newkey.create(tmp_path / "dkim", "glazik.example", "k2026", algorithm)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = {"dkim_domain": "glazik.example", "dkim_selector": "k2026", "dkim_key_file": path}
    (read,) = signing_keys(settings.model_copy(update=told))
    assert (read.sign(DIGEST), read.is_strong) == (made.sign(DIGEST), True)
    assert dns_records.published(read) == dns_records.published(made)


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    _, path = newkey.create(tmp_path, "glazik.example", "k2026", "ed25519")
    kept = path.read_bytes()
    with pytest.raises(Conflict):
        newkey.create(tmp_path, "glazik.example", "k2026", "ed25519")
    assert path.read_bytes() == kept


@pytest.mark.parametrize("selector", ["", "../up", "K2026", "a.b", "-a", "a-", "a" * 64, "a b"])
def test_what_is_no_name_in_the_dns_is_no_selector(tmp_path: Path, selector: str) -> None:
    with pytest.raises(Invalid) as refused:
        newkey.create(tmp_path, "glazik.example", selector, "rsa")
    assert refused.value.field == "selector"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_of_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        newkey.create(tmp_path, "glazik.example", "k2026", "dsa")
    assert refused.value.field == "algorithm"
