"""The sending domain is looked up by a worker, once somebody asked, and then once a day."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from mailing.base import clock, newkey
from mailing.base.database import db
from mailing.base.settings import Settings, current
from mailing.deliveries import dns_checks, readiness
from mailing.deliveries.checks import Level
from mailing.deliveries.dns_records import Name
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.peers.nameserver import Zone, knowing
from worker import dns, sweep

ADMIN = Actor("staff 1", Role.ADMIN)
WHOLE: Zone = {
    ("bounce.shop.kz", "TXT"): ['"v=spf1 a:relay.shop.kz -all"'],
    ("bounce.shop.kz", "MX"): ["10 news.shop.kz."],
    ("_dmarc.shop.kz", "TXT"): ['"v=DMARC1; p=reject"'],
}


@pytest.fixture
def shop(app: Flask, settings: Settings) -> Callable[[str], None]:
    def at(resolver: str) -> None:
        told = {
            "resolver": resolver,
            "from_": "Shop <news@shop.kz>",
            "bounce_domain": "bounce.shop.kz",
        }
        app.extensions["kelisim"] = settings.model_copy(update=told)

    return at


def standings() -> dict[str, str]:
    return {one.record.name: one.verdict.standing for one in dns_checks.look() if one.verdict}


def warnings() -> dict[str, Level]:
    return {one.id: one.level for one in readiness.of_the_domain()}


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def test_nothing_is_asked_of_anybody_before_somebody_wants_to_know(
    shop: Callable[[str], None],
) -> None:
    shop("127.0.0.1:9")
    sweep.move_on()
    assert not dns_checks.is_waited_for()
    assert dns.look_up_waiting() == 0
    assert standings() == warnings() == {}


def test_what_was_found_is_kept_and_what_is_wrong_is_told_before_a_campaign(
    shop: Callable[[str], None],
) -> None:
    with knowing(WHOLE) as server:
        shop(server)
        dns_checks.ask(ADMIN)
        db.session.commit()
        assert dns_checks.is_waited_for()
        assert dns.look_up_waiting() == 3
    assert standings() == dict.fromkeys((Name.SPF, Name.MX, Name.DMARC), "fine")
    assert warnings() == {}
    lacking = {key: value for key, value in WHOLE.items() if key[0] != "_dmarc.shop.kz"}
    with knowing(lacking) as server:
        shop(server)
        dns_checks.ask(ADMIN)
        db.session.commit()
        dns.look_up_waiting()
    assert standings()[Name.DMARC] == "missing"
    assert warnings() == {"dns_dmarc": Level.WARN}


def test_a_resolver_that_does_not_answer_is_no_fault_of_the_domain(
    shop: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailing.base.dns.PATIENCE_SECONDS", 0.2)
    shop("127.0.0.1:9")
    dns_checks.ask(ADMIN)
    db.session.commit()
    assert dns.look_up_waiting() == 3
    assert set(standings().values()) == {"unknown"}
    assert warnings() == {}


def test_what_was_asked_for_once_is_looked_up_again_each_day(shop: Callable[[str], None]) -> None:
    with knowing(WHOLE) as server:
        shop(server)
        dns_checks.ask(ADMIN)
        db.session.commit()
        dns.look_up_waiting()
        sweep.move_on()
        assert not dns_checks.is_waited_for()
        with clock.use(at(clock.now() + timedelta(days=1, minutes=1))):
            sweep.move_on()
            assert dns_checks.is_waited_for()
            assert dns.look_up_waiting() == 3
            assert not dns_checks.is_waited_for()


def test_two_workers_do_not_look_the_same_up(shop: Callable[[str], None]) -> None:
    shop("127.0.0.1:9")
    dns_checks.ask(ADMIN)
    db.session.commit()
    assert len(dns_checks.take()) == 3
    db.session.commit()
    assert dns_checks.take() == []
    # The one who took it has died: after a minute another takes it.
    with clock.use(at(clock.now() + timedelta(minutes=2))):
        assert len(dns_checks.take()) == 3


def test_another_key_in_the_place_of_ours_stops_a_start(
    shop: Callable[[str], None], app: Flask, tmp_path: Path
) -> None:
    shop("127.0.0.1:9")
    wrong = {**WHOLE, ("k1._domainkey.shop.kz", "TXT"): ['"v=DKIM1; p=QUJD"']}
    with knowing(wrong) as server:
        shop(server)
        sign(app, tmp_path)
        dns_checks.ask(ADMIN)
        db.session.commit()
        dns.look_up_waiting()
    assert warnings() == {"dns_dkim": Level.STOP}


def sign(app: Flask, place: Path) -> None:
    """Messages are signed by a key of our own from now on."""
    _, path = newkey.create(place, "shop.kz", "k1", "ed25519")
    told = {"dkim_domain": "shop.kz", "dkim_selector": "k1", "dkim_key_file": path}
    app.extensions["kelisim"] = current().model_copy(update=told)


def test_while_nothing_is_old_the_sweep_works_nothing_out(
    shop: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks each second: reading the list of public suffixes was a twentieth of a core."""
    shop("127.0.0.1:1")
    dns_checks.ask(ADMIN)
    monkeypatch.setattr("mailing.deliveries.dns_records.records", lambda _: 1 / 0)
    dns_checks.ask_again()
    with (
        clock.use(at(clock.now() + timedelta(days=1, minutes=1))),
        pytest.raises(ZeroDivisionError),
    ):
        dns_checks.ask_again()
