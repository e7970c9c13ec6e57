"""For the engineer on duty: alive, ready and the figures."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from mailing.base import clock, installation
from mailing.base.database import db
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people.ledger import Kind
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Shop
from tests.webapp.public.people import say_yes

NOBODY = "postgresql://127.0.0.1:1/none"


def test_a_process_is_alive_also_without_its_database(with_settings: With) -> None:
    away = with_settings(database_url=NOBODY)
    assert away.get("/healthz").status_code == 200


def test_ready_means_database_queue_migrations_and_sending(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "ok": True,
        "checks": {"database": "ok", "queue": "ok", "migrations": "ok", "sending": "ok"},
    }


def test_sending_that_is_switched_off_is_not_ready_and_says_why(
    client: FlaskClient, web: Flask
) -> None:
    with web.app_context():
        installation.switch_sending(False, "the journal was changed")
        db.session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"]["sending"] == "the journal was changed"


def test_a_database_or_queue_that_is_away_is_not_ready(with_settings: With) -> None:
    for change in ({"database_url": NOBODY}, {"redis_url": "redis://127.0.0.1:1/0"}):
        answer = with_settings(**change).get("/readyz")
        assert answer.status_code == 503
        assert answer.json is not None
        assert answer.json["ok"] is False


def test_the_figures_are_counted_in_the_database_and_name_nobody(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    say_yes(web, shop.policy)
    text = client.get("/metrics").text
    figures = read(text)
    assert figures["kelisim_sending_on",] == 1
    assert figures["kelisim_standings", ("standing", "given")] == 1
    assert figures["kelisim_deliveries", ("kind", "confirmation"), ("state", "pending")] == 1
    assert "dana" not in text
    assert "@" not in text


def test_who_was_blocked_lately_by_letters_of_uncertain_authors_is_counted(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    """A forger who blocks many is seen; not whom staff block, nor what was two hours ago."""
    long_ago = clock.now() - timedelta(hours=2)
    blocks = [("aru", "subscriber", clock.now()), ("dana", "subscriber", clock.now())]
    blocks += [("staff", "staff 1", clock.now()), ("old", "subscriber", long_ago)]
    for name, actor, at in blocks:
        asked = say_yes(web, shop.policy, address=f"{name}@example.com")
        with web.app_context(), clock.use(lambda at=at: at):  # type: ignore[misc]
            leave(Leaving(asked.subscriber, Scope.everything(), Kind.BLOCKED, "mail", actor))
    assert read(client.get("/metrics").text)["kelisim_blocked_by_letter",] == 2


def test_without_a_database_there_are_no_figures_and_no_false_zeros(with_settings: With) -> None:
    away = with_settings(database_url=NOBODY)
    assert away.get("/metrics").status_code == 503


def read(text: str) -> dict[tuple[object, ...], float]:
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
