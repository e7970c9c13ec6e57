"""Passkeys: what is signed for us, by whom it belongs to, as it was asked, and once."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from passlib.totp import TOTP

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.base.settings import Settings
from mailing.staff import (
    audit,
    authenticators,
    ceremonies,
    passkeys,
    recovery,
    relying,
    second_factor,
    staff,
    team,
)
from mailing.staff.audit import Actor
from mailing.staff.ceremonies import Added, Asked, Refusal
from mailing.staff.challenges import Challenge
from mailing.staff.passkeys import Passkey
from mailing.staff.relying import Home
from mailing.staff.staff import Role, Staff
from tests.staff.device import PRESENT, Device, spelled

GOOD = "four unrelated words here"
ORIGIN = "https://studio.example"
NOON = datetime(2026, 11, 29, 12, 0, 10, tzinfo=UTC)
OTHERS = spelled(b"not what was asked" * 2)
# What is wrong with an answer, in either ceremony.
WRONG: list[dict[str, Any]] = [
    {"origin": "https://studio.example.evil.test"},
    {"origin": "http://studio.example"},
    {"origin": "https://studio.example:8443"},
    {"host": "evil.test"},
    {"challenge": OTHERS},
    {"challenge": ""},
    {"flags": 0},
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The studio at an address where browsers allow passkeys."""
    return settings.model_copy(update={"public_url": ORIGIN})


@pytest.fixture
def dana(app: Flask) -> Staff:
    return staff.add("dana@example.com", Role.MARKETER, GOOD)


@pytest.fixture
def device() -> Device:
    return Device(ORIGIN)


def added(person: Staff, device: Device, name: str = "Phone") -> Added:
    asked = ceremonies.begin_registration(person, name)
    answer = device.make(asked.options)
    found = ceremonies.finish_registration(person, asked.challenge_id, answer, name)
    assert isinstance(found, Added)
    return found


def let_in(person: Staff, device: Device, **but: Any) -> Passkey | Refusal:
    asked = ceremonies.begin_login(person)
    return ceremonies.finish_login(person, asked.challenge_id, device.sign(asked.options, **but))


def acts() -> list[str]:
    return [entry.action for entry in audit.latest()]


def test_the_first_gives_recovery_codes_and_ends_the_logins_and_the_next_keeps_the_codes(
    dana: Staff, device: Device
) -> None:
    login = dana.fs_uniquifier
    codes = added(dana, device).codes
    assert (len(codes), second_factor.is_on(dana)) == (10, True)
    assert dana.fs_uniquifier != login
    login = dana.fs_uniquifier
    assert added(dana, Device(ORIGIN), "Key").codes == []
    assert dana.fs_uniquifier != login
    assert second_factor.check(dana, codes[0]) == "recovery"
    assert acts() == ["passkey added"] * 2


def test_it_lets_its_person_in_and_says_when_it_did(dana: Staff, device: Device) -> None:
    added(dana, device)
    with clock.use(lambda: NOON):
        found = let_in(dana, device)
    assert isinstance(found, Passkey)
    assert (found.name, found.last_used_at, found.sign_count) == ("Phone", NOON, 1)


def test_the_browser_is_told_what_it_may_not_register_again_and_what_it_may_ask(
    dana: Staff, device: Device
) -> None:
    added(dana, device)
    making, signing = (
        ceremonies.begin_registration(dana, "Key").options,
        ceremonies.begin_login(dana).options,
    )
    known = [{"id": spelled(device.id), "type": "public-key", "transports": ["internal"]}]
    assert (making["excludeCredentials"], signing["allowCredentials"]) == (known, known)
    assert making["rp"] == {"name": "Kelisim", "id": "studio.example"}
    assert signing["rpId"] == "studio.example"
    assert making["attestation"] == "none"
    assert "dana" not in str(making["user"]["id"])  # type: ignore[index]


@pytest.mark.parametrize("but", WRONG)
def test_an_answer_that_is_not_to_what_was_asked_lets_nobody_in(
    dana: Staff, device: Device, but: dict[str, Any]
) -> None:
    added(dana, device)
    assert let_in(dana, device, **but) == Refusal.WRONG
    assert isinstance(let_in(dana, device), Passkey)


def test_neither_a_registration_nor_another_key_signs_a_login(dana: Staff, device: Device) -> None:
    added(dana, device)
    assert let_in(dana, device, kind="webauthn.create") == Refusal.WRONG
    assert let_in(dana, device, key=ec.generate_private_key(ec.SECP256R1())) == Refusal.WRONG


@pytest.mark.parametrize("but", [*WRONG, {"kind": "webauthn.get"}])
def test_what_was_not_made_for_us_is_not_registered(
    dana: Staff, device: Device, but: dict[str, Any]
) -> None:
    asked = ceremonies.begin_registration(dana, "Phone")
    answer = device.make(asked.options, **but)
    found = ceremonies.finish_registration(dana, asked.challenge_id, answer, "Phone")
    assert found == Refusal.WRONG
    assert not second_factor.is_on(dana)
    assert acts() == []


def test_the_device_need_not_have_known_its_owner(dana: Staff, device: Device) -> None:
    """A plain security key has neither finger nor PIN; the password was given before."""
    asked = ceremonies.begin_registration(dana, "Key")
    answer = device.make(asked.options, flags=PRESENT)
    assert isinstance(
        ceremonies.finish_registration(dana, asked.challenge_id, answer, "Key"), Added
    )
    assert isinstance(let_in(dana, device, flags=PRESENT), Passkey)


def test_an_answer_opens_once(dana: Staff) -> None:
    device = Device(ORIGIN, counts=False)  # No counter tells the second from the first.
    added(dana, device)
    asked = ceremonies.begin_login(dana)
    answer = device.sign(asked.options)
    assert isinstance(ceremonies.finish_login(dana, asked.challenge_id, answer), Passkey)
    assert ceremonies.finish_login(dana, asked.challenge_id, answer) == Refusal.OVER


def test_a_wrong_answer_uses_the_challenge_up(dana: Staff, device: Device) -> None:
    added(dana, device)
    asked = ceremonies.begin_login(dana)
    wrong = device.sign(asked.options, flags=0)
    assert ceremonies.finish_login(dana, asked.challenge_id, wrong) == Refusal.WRONG
    right = device.sign(asked.options)
    assert ceremonies.finish_login(dana, asked.challenge_id, right) == Refusal.OVER


def test_a_challenge_is_its_persons_and_its_purposes(dana: Staff, device: Device) -> None:
    added(dana, device)
    other = staff.add("erlan@example.com", Role.VIEWER, GOOD)
    hers = ceremonies.begin_login(dana)
    assert _by(other, hers, device) == Refusal.OVER
    assert _by(dana, ceremonies.begin_registration(dana, "Key"), device) == Refusal.OVER
    assert isinstance(_by(dana, hers, device), Passkey)
    assert ceremonies.finish_login(dana, None, device.sign(hers.options)) == Refusal.OVER


def _by(person: Staff, asked: Asked, device: Device) -> Passkey | Refusal:
    return ceremonies.finish_login(person, asked.challenge_id, device.sign(asked.options))


@pytest.mark.parametrize(("seconds", "is_taken"), [(299, True), (301, False)])
def test_a_challenge_lives_five_minutes(
    dana: Staff, device: Device, seconds: int, is_taken: bool
) -> None:
    added(dana, device)
    with clock.use(lambda: NOON):
        asked = ceremonies.begin_login(dana)
    with clock.use(lambda: NOON + timedelta(seconds=seconds)):
        found = _by(dana, asked, device)
    assert isinstance(found, Passkey) == is_taken


def test_challenges_that_nobody_answered_go_with_the_next(dana: Staff) -> None:
    with clock.use(lambda: NOON):
        ceremonies.begin_registration(dana, "Phone")
    later = NOON + timedelta(minutes=6)
    with clock.use(lambda: later):
        kept = ceremonies.begin_registration(dana, "Phone").challenge_id
    assert list(db.session.scalars(db.select(Challenge.id))) == [kept]


def test_somebody_elses_passkey_lets_nobody_in(dana: Staff, device: Device) -> None:
    added(dana, device)
    other, own = staff.add("erlan@example.com", Role.ADMIN, GOOD), Device(ORIGIN)
    added(other, own)
    assert let_in(other, device) == Refusal.UNKNOWN
    assert let_in(other, Device(ORIGIN)) == Refusal.UNKNOWN
    hers = authenticators.handle_of(dana)
    assert let_in(other, own, handle=hers) == Refusal.UNKNOWN
    assert isinstance(let_in(other, own, handle=authenticators.handle_of(other)), Passkey)


def test_a_device_is_registered_once_whoever_asks(dana: Staff, device: Device) -> None:
    added(dana, device)
    other = staff.add("erlan@example.com", Role.VIEWER, GOOD)
    for person in (dana, other):
        asked = ceremonies.begin_registration(person, "Phone")
        answer = device.make(asked.options)
        found = ceremonies.finish_registration(person, asked.challenge_id, answer, "Phone")
        assert found == Refusal.TAKEN
    assert not second_factor.is_on(other)


@pytest.mark.parametrize("came", [0, 6, 7])
def test_a_counter_that_does_not_go_on_is_refused_and_stands_in_the_log(
    dana: Staff, device: Device, came: int
) -> None:
    number = added(dana, device).passkey.id
    assert isinstance(let_in(dana, device, count=7), Passkey)
    assert let_in(dana, device, count=came) == Refusal.BACK
    newest = audit.latest(1)[0]
    assert (newest.action, newest.actor) == ("passkey counter went back", dana.name)
    assert newest.details == {"passkey": number, "kept": 7, "came": came}
    assert isinstance(let_in(dana, device, count=8), Passkey)


def test_a_forged_counter_puts_nothing_into_the_log(dana: Staff, device: Device) -> None:
    added(dana, device)
    let_in(dana, device, count=7)
    before = acts()
    forged = ec.generate_private_key(ec.SECP256R1())
    assert let_in(dana, device, count=1, key=forged) == Refusal.WRONG
    assert acts() == before


def test_a_device_that_does_not_count_opens_again_and_again(dana: Staff) -> None:
    device = Device(ORIGIN, counts=False)
    added(dana, device)
    assert [type(let_in(dana, device)) for _ in range(3)] == [Passkey] * 3


BROKEN = [
    "",
    "[]",
    "null",
    "{",
    '{"id": 1}',
    "[" * 100_000,
    json.dumps({"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {}}),
    json.dumps({"id": "ё", "rawId": "ё", "type": "public-key", "response": {"signature": "!"}}),
]


@pytest.mark.parametrize("answer", BROKEN)
def test_what_is_no_answer_is_a_no_and_no_error(dana: Staff, device: Device, answer: str) -> None:
    added(dana, device)
    asked = ceremonies.begin_login(dana)
    assert ceremonies.finish_login(dana, asked.challenge_id, answer) == Refusal.UNKNOWN
    asked = ceremonies.begin_registration(dana, "Key")
    found = ceremonies.finish_registration(dana, asked.challenge_id, answer, "Key")
    assert found == Refusal.WRONG


def test_no_bit_of_what_was_signed_or_made_can_be_another(dana: Staff, device: Device) -> None:
    """Only the id, which is looked up and not signed, is somebody's own word."""
    home, challenge = Home("studio.example", ORIGIN), b"c" * 32
    passkey = added(dana, device).passkey
    answer = json.loads(device.sign({"challenge": spelled(challenge)}))
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        text = answer["response"][part]
        for at in range(0, len(text), 5):
            other = "A" if text[at] != "A" else "Q"
            bent = {**answer["response"], part: text[:at] + other + text[at + 1 :]}
            said = authenticators.read(json.dumps({**answer, "response": bent}))
            assert said is not None
            assert authenticators.signed_count(said, challenge, home, passkey) is None, (part, at)
    said = authenticators.read(json.dumps(answer))
    assert said is not None
    assert authenticators.signed_count(said, challenge, home, passkey) == device.count


def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(dana: Staff, device: Device) -> None:
    number = added(dana, device).passkey.id
    other = staff.add("erlan@example.com", Role.ADMIN, GOOD)
    with pytest.raises(Missing):
        ceremonies.rename(other, number, "Mine")
    with pytest.raises(Missing):
        ceremonies.remove(other, number)
    ceremonies.rename(dana, number, "  Old\n phone\u202e ")
    assert [one.name for one in passkeys.of(dana)] == ["Old phone"]
    ceremonies.remove(dana, number)
    assert passkeys.of(dana) == []
    assert acts() == ["passkey removed", "passkey renamed", "passkey added"]


def test_the_codes_go_with_the_last_factor_and_every_removal_ends_the_logins(
    dana: Staff, device: Device
) -> None:
    first, codes = added(dana, device).passkey.id, list(dana.recovery_codes)
    second = added(dana, Device(ORIGIN), "Key").passkey.id
    login = dana.fs_uniquifier
    ceremonies.remove(dana, first)
    assert (dana.recovery_codes, second_factor.is_on(dana)) == (codes, True)
    assert dana.fs_uniquifier != login
    login = dana.fs_uniquifier
    ceremonies.remove(dana, second)
    assert (dana.recovery_codes, second_factor.is_on(dana)) == ([], False)
    assert dana.fs_uniquifier != login
    with pytest.raises(Conflict):
        ceremonies.begin_login(dana)


def test_an_app_and_a_passkey_stand_side_by_side(dana: Staff, device: Device) -> None:
    codes = added(dana, device).codes
    second_factor.begin(dana)
    key = second_factor.key_of(dana)
    assert key
    telephone = TOTP.from_uri(key.uri)
    shown = str(telephone.generate(int(NOON.timestamp())).token)
    with clock.use(lambda: NOON):
        # The key is not confirmed yet: only the passkey is a second factor of theirs.
        assert second_factor.check(dana, shown) is None
        assert second_factor.confirm(dana, shown) == []
        assert second_factor.check(dana, codes[0]) == "recovery"
    second_factor.remove_app(dana)
    assert isinstance(let_in(dana, device), Passkey)
    assert len(dana.recovery_codes) == 9


def test_an_admin_removes_them_with_everything_else(dana: Staff, device: Device) -> None:
    added(dana, device)
    second_factor.begin(dana)
    asked, login = ceremonies.begin_login(dana), dana.fs_uniquifier
    team.remove_second_factor(dana, Actor("root", Role.ADMIN))
    assert (second_factor.is_on(dana), dana.recovery_codes, dana.second_secret) == (False, [], None)
    assert dana.fs_uniquifier != login
    assert _by(dana, asked, device) == Refusal.UNKNOWN


@pytest.mark.parametrize("name", ["", "  ", "\u202e\u200b", "x" * 61])
def test_a_name_that_cannot_be_kept_is_refused_before_the_device_is_asked(
    dana: Staff, name: str
) -> None:
    with pytest.raises(Invalid):
        ceremonies.begin_registration(dana, name)
    assert db.session.scalar(db.select(Challenge.id)) is None


def test_there_are_only_so_many(dana: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "MOST", 2)
    for _ in range(2):
        added(dana, Device(ORIGIN))
    with pytest.raises(Conflict):
        ceremonies.begin_registration(dana, "Third")


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://news.example", Home("news.example", "https://news.example")),
        ("https://News.Example:443/kelisim", Home("news.example", "https://news.example")),
        ("https://news.example:8443", Home("news.example", "https://news.example:8443")),
        ("https://хат.example", Home("xn--80a0bh.example", "https://xn--80a0bh.example")),
        ("http://localhost:8080", Home("localhost", "http://localhost:8080")),
        ("http://127.0.0.1:8080", None),
        ("https://192.0.2.7", None),
        ("https://[2001:db8::1]", None),
        ("http://[::1]:8080", None),
    ],
)
def test_passkeys_are_at_home_where_browsers_allow_them(
    app: Flask, settings: Settings, url: str, home: Home | None
) -> None:
    app.extensions["kelisim"] = settings.model_copy(update={"public_url": url})
    assert relying.home() == home


def test_where_they_have_no_home_none_is_asked_for(
    app: Flask, settings: Settings, dana: Staff, device: Device
) -> None:
    added(dana, device)
    app.extensions["kelisim"] = settings.model_copy(update={"public_url": "http://127.0.0.1:8080"})
    with pytest.raises(Conflict, match="KELISIM_PUBLIC_URL"):
        ceremonies.begin_login(dana)
    assert second_factor.is_on(dana), "the password alone still opens nothing"
    codes = recovery.renew(dana)
    assert second_factor.check(dana, codes[0]) == "recovery"
