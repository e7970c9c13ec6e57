"""Suppression: a no that outlives the person's row, and is ordered against the gate."""

from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db, dsn
from mailing.base.settings import Settings
from mailing.people import suppression
from mailing.people.canonical import canonical
from mailing.people.subscribers import digest_of
from mailing.people.suppression import Why
from tests import road

ADDRESS = canonical("aigul@example.com")


def test_every_reason_is_kept_beside_the_others(app: Flask) -> None:
    digest = digest_of(ADDRESS)
    for why in Why:
        suppression.suppress(digest, why)
        suppression.suppress(digest, why)
    assert set(suppression.reasons(digest)) == set(Why)
    suppression.lift_bounce(digest)
    assert set(suppression.reasons(digest)) == set(Why) - {Why.BOUNCE, Why.MOVED}


@pytest.mark.parametrize(
    "spelling", ["AIGUL@EXAMPLE.COM", "aigul@example.com.", " aigul@example.com"]
)
def test_another_spelling_is_suppressed_as_well(app: Flask, spelling: str) -> None:
    """T23."""
    suppression.suppress(digest_of(ADDRESS), Why.COMPLAINT)
    assert suppression.reasons(digest_of(canonical(spelling)))


def test_nothing_but_a_bounce_ages(app: Flask) -> None:
    """T20, T25; a mailbox that bounces again begins its thirty days again."""
    digest, first = digest_of(ADDRESS), clock.now() - timedelta(days=40)
    with clock.use(lambda: first):
        for why in (Why.BOUNCE, Why.COMPLAINT):
            suppression.suppress(digest, why)
    for why in (Why.BOUNCE, Why.COMPLAINT):
        suppression.suppress(digest, why, "550 5.1.1")
    since = suppression.reasons(digest)
    assert since[Why.COMPLAINT] == first
    assert since[Why.BOUNCE] > first + timedelta(days=39)


def test_it_waits_for_a_gate_that_has_asked_about_the_person(
    app: Flask, settings: Settings
) -> None:
    """Else it could slip between the gate's question and its answer."""
    (person,) = road.subscribe(road.lay(), 1)
    db.session.commit()
    with psycopg.connect(dsn(settings.database)) as gate:
        gate.execute("SELECT FROM subscribers WHERE id = %s FOR SHARE", [person])
        db.session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            suppression.suppress(digest_of(canonical(road.address(0))), Why.STAFF)
    db.session.rollback()


def test_an_address_that_nobody_has_can_be_kept_out(app: Flask) -> None:
    suppression.suppress(digest_of(ADDRESS), Why.STAFF)
    assert list(suppression.reasons(digest_of(ADDRESS))) == [Why.STAFF]
