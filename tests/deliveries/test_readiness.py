"""May it start? What stops it says what to do."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask

from mailing.base.database import db
from mailing.base.installation import switch_sending
from mailing.base.languages import speaking
from mailing.base.settings import Settings
from mailing.bootstrap import create_base
from mailing.campaigns import campaigns
from mailing.deliveries import readiness
from mailing.deliveries.readiness import Level, Readiness
from tests import road

# What every draft of these tests has a word about: no key, no preview text, a link not looked up,
# no test mail, and an hour that is whatever it is.
ALWAYS = {"dkim", "preview_text-kk", "links_unseen", "nod-kk", "hour"}


def check(number: int) -> Readiness:
    with speaking("en"):
        return readiness.check(campaigns.find(number))


def told(found: Readiness) -> set[str]:
    """What is not fine, beside what is always said."""
    return {one.id for one in found.checks if one.level is not Level.FINE} - ALWAYS


def test_a_campaign_with_everything_in_place_may_start_with_warnings(app: Flask) -> None:
    road.subscribe(road.lay(), 2)
    found = check(road.campaign())
    assert found.is_ready
    assert told(found) == set()
    assert "dkim" in {one.id for one in found.checks if one.level is Level.WARN}


def test_without_a_policy_in_force_or_people_it_may_not(app: Flask) -> None:
    road.lay()
    number = road.campaign()
    assert {one.id for one in check(number).stops} == {"audience"}
    db.session.execute(db.text("UPDATE policy_versions SET published_at = NULL"))
    stops = {one.id for one in check(number).stops}
    assert stops == {"audience", "policy", "message-kk"}, "no policy declares the name it merges"


def test_while_sending_is_off_the_reason_stands_in_the_list(app: Flask) -> None:
    road.subscribe(road.lay(), 1)
    switch_sending(False, "the withdrawal journal differs")
    [stop] = check(road.campaign()).stops
    assert stop.id == "sending"
    assert "the withdrawal journal differs" in stop.detail


@pytest.mark.parametrize(
    ("body", "oversight", "level"),
    [
        ("TK: бағасы", "left_over_words-kk", Level.WARN),
        ("Lorem ipsum dolor", "left_over_words-kk", Level.WARN),
        ("[Қараңыз](http://localhost/x)", "dead_link-kk", Level.STOP),
        ("[Қараңыз](https://127.0.0.2:8443/x)", "dead_link-kk", Level.STOP),
        ("[Қараңыз](#)", "dead_link-kk", Level.STOP),
        ("![Сурет](https://images.example/a.png)", "foreign_image-kk", Level.WARN),
    ],
)
def test_what_an_author_overlooked_is_said_once(
    app: Flask, body: str, oversight: str, level: Level
) -> None:
    road.subscribe(road.lay(), 1)
    found = check(road.campaign(body=f"{body}\n\n{body}"))
    also = {"image_only-kk"} if "image" in oversight else set()
    assert told(found) == {oversight} | also
    assert found.is_ready is (level is Level.WARN)


@pytest.mark.parametrize(
    "body",
    [
        "[Қараңыз](https://glazik.example/x)",
        "[Біз](http://127.0.0.1:8080/policy)",
        "![Сурет](http://glazik.example/a.png) ![Біздікі](http://127.0.0.1:8080/b.png)",
        "Сайт: https://glazik.example/a-TK-b, XX ғасыр",
    ],
)
def test_our_own_pages_and_the_sites_of_our_forms_are_no_oversight(app: Flask, body: str) -> None:
    road.subscribe(road.lay(), 1)
    found = check(road.campaign(body=f"{body}\n\n{'Сөз бен сөйлем. ' * 30}"))
    assert told(found) == set()


def test_people_who_chose_another_language_are_counted(app: Flask) -> None:
    road.subscribe(road.lay(), 5)
    number = road.campaign()
    for language, people in (("ru", 2), ("en", 1)):
        _let_choose(language, people)
    warned = {one.id: one.detail for one in check(number).checks}["languages"]
    assert "(English: 1, Russian: 2); they get this one: Kazakh." in warned
    db.session.execute(db.text("UPDATE subscribers SET language = 'kk'"))
    assert "languages" not in {one.id for one in check(number).checks}


def _let_choose(language: str, people: int) -> None:
    db.session.execute(
        db.text(
            "UPDATE subscribers SET language = :language WHERE id IN "
            "(SELECT id FROM subscribers WHERE language = 'kk' ORDER BY id LIMIT :people)"
        ),
        {"language": language, "people": people},
    )


class TestWithoutAnIdentity:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"KELISIM_OPERATOR_BIN": ""}

    def test_a_draft_may_be_written_and_may_not_start(self, app: Flask) -> None:
        road.subscribe(road.lay(), 1)
        [stop] = check(road.campaign()).stops
        assert stop.id == "identity"
        assert "KELISIM_OPERATOR" in stop.detail


@pytest.mark.parametrize(
    ("names", "level", "said"),
    [
        ("rsa", Level.FINE, "rsa-sha256 as rsa._domainkey.glazik.example"),
        ("rsa,ed", Level.FINE, "ed25519-sha256 as ed._domainkey.glazik.example"),
        ("ed", Level.WARN, "add an RSA key"),
        ("weak", Level.WARN, "shorter than 2048 bits"),
        ("gone", Level.STOP, "cannot be read"),
    ],
)
def test_the_key_that_signs_is_named_and_judged(
    settings: Settings, tmp_path: Path, names: str, level: Level, said: str
) -> None:
    keys: dict[str, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey] = {
        "rsa": rsa.generate_private_key(65537, 2048),
        "weak": rsa.generate_private_key(65537, 1024),  # noqa: S505 - it is to be told apart
        "ed": ed25519.Ed25519PrivateKey.generate(),
    }
    for name, key in keys.items():
        octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / name).write_bytes(octets)
    files = Path(",".join(f"{tmp_path}/{name}" for name in names.split(",")))
    given = {"dkim_domain": "glazik.example", "dkim_selector": names, "dkim_key_file": files}
    with create_base(settings.model_copy(update=given)).app_context():
        try:
            road.subscribe(road.lay(), 1)
            [found] = [one for one in check(road.campaign()).checks if one.id == "dkim"]
        finally:
            db.session.remove()
            db.engine.dispose()
    assert found.level is level
    assert said in found.detail
