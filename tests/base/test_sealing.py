"""Personal fields are sealed to their row; addresses are known by a keyed digest."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.base.errors import ConfigurationError
from mailing.base.sealing import Keyring, digest, fingerprint

A, B = b"a" * 32, b"b" * 32


@given(plain=st.binary(max_size=500), about=st.binary(max_size=32))
def test_what_was_sealed_is_opened(plain: bytes, about: bytes) -> None:
    assert Keyring((A,)).decrypt(Keyring((A,)).encrypt(plain, about), about) == plain


def test_every_flipped_bit_and_every_cut_is_found() -> None:
    ring = Keyring((A, B))
    sealed = ring.encrypt(b"aigul@example.com", b"row")
    for bit in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ConfigurationError):
            ring.decrypt(bytes(damaged), b"row")
    for size in range(len(sealed)):
        with pytest.raises(ConfigurationError):
            ring.decrypt(sealed[:size], b"row")


def test_a_value_cannot_be_moved_to_another_persons_row() -> None:
    ring = Keyring((A,))
    with pytest.raises(ConfigurationError):
        ring.decrypt(ring.encrypt(b"x", b"one"), b"two")


def test_a_key_in_front_opens_what_the_old_one_sealed() -> None:
    sealed = Keyring((A,)).encrypt(b"x", b"row")
    assert Keyring((B, A)).decrypt(sealed, b"row") == b"x"
    assert Keyring((B, A)).encrypt(b"x", b"row")[:4] == fingerprint(B)


def test_a_key_that_was_taken_off_the_ring_is_named() -> None:
    sealed = Keyring((A,)).encrypt(b"x", b"row")
    with pytest.raises(ConfigurationError, match="KELISIM_DATA_KEY"):
        Keyring((B,)).decrypt(sealed, b"row")


def test_the_same_value_is_sealed_anew_each_time_and_says_nothing_of_itself() -> None:
    ring = Keyring((A,))
    sealed = {ring.encrypt(b"aigul@example.com", b"row") for _ in range(100)}
    assert len(sealed) == 100
    assert not [one for one in sealed if b"aigul" in one]


def test_a_digest_depends_on_the_key_and_on_every_letter() -> None:
    key = os.urandom(32)
    assert digest(key, "a@example.com") == digest(key, "a@example.com")
    assert digest(key, "a@example.com") != digest(key, "b@example.com")
    assert digest(key, "a@example.com") != digest(os.urandom(32), "a@example.com")
    assert len(digest(key, "қазақ@example.com")) == 32
