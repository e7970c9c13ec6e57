"""For the engineer on duty: alive, ready and the figures."""

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from mailing.base import installation
from mailing.base.database import db
from tests.webapp.public.conftest import Shop, With
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
    figures = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert figures["kelisim_sending_on",] == 1
    assert figures["kelisim_standings", ("standing", "given")] == 1
    assert figures["kelisim_deliveries", ("kind", "confirmation"), ("state", "pending")] == 1
    assert "dana" not in text
    assert "@" not in text


def test_without_a_database_there_are_no_figures_and_no_false_zeros(with_settings: With) -> None:
    away = with_settings(database_url=NOBODY)
    assert away.get("/metrics").status_code == 503
