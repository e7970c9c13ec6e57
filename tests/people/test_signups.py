"""When and where somebody signed up: of the yes that they are mailed on, and of nothing later."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock, schema
from mailing.base.database import db
from mailing.base.settings import Settings, current, load
from mailing.bootstrap import create_base
from mailing.people import ledger, signups, standings, topics
from mailing.people.ledger import Kind, NewEntry
from mailing.people.signups import SignUp
from mailing.policies.versions import PolicyVersion
from tests import road

FIRST = datetime(2025, 3, 12, 9, tzinfo=UTC)
FORM = {"page": "https://glasses.example/join?who=ANYBODY", "form": 1}
ROW = {"consent_at": "2024-11-05T23:30:00+05:00", "form": "shop"}
AGREE = {"page": "http://127.0.0.1:8080/agree"}
SIGNED = SignUp(FIRST, "glasses.example")


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


def history(policy: PolicyVersion, *said: tuple[Kind, dict[str, Any]], all_of: str = "") -> UUID:
    """Somebody who says this, a day between each: of the news, kinds in `all_of` of everything."""
    [person] = road.subscribe(policy, 1, "offers", first=next(_NUMBERS))
    news = topics.find("news").id
    for days, (kind, proof) in enumerate(said):
        with clock.use(lambda days=days: FIRST + timedelta(days=days)):  # type: ignore[misc]
            topic = None if kind in all_of else news
            ledger.append(NewEntry(person, kind, topic, policy.id, "form", "test", proof))
    db.session.commit()
    return person


_NUMBERS = count()
HISTORIES: list[tuple[list[tuple[Kind, dict[str, Any]]], str, SignUp | None]] = [
    ([(Kind.REQUESTED, FORM)], "", None),
    ([(Kind.GIVEN, FORM)], "", SIGNED),
    ([(Kind.GIVEN, FORM), (Kind.GIVEN, AGREE), (Kind.GIVEN, AGREE)], "", SIGNED),
    ([(Kind.GIVEN, FORM), (Kind.UNSUBSCRIBED, {}), (Kind.RESTORED, {})], "", SIGNED),
    ([(Kind.GIVEN, FORM), (Kind.GIVEN, AGREE), (Kind.UNSUBSCRIBED, {}), (Kind.RESTORED, {})],
     "", SIGNED),
    ([(Kind.GIVEN, AGREE), (Kind.UNSUBSCRIBED, {}), (Kind.REQUESTED, FORM), (Kind.GIVEN, FORM)],
     "", SignUp(FIRST + timedelta(days=3), "glasses.example")),
    ([(Kind.GIVEN, AGREE), (Kind.UNSUBSCRIBED, {}), (Kind.GIVEN, FORM)],
     "unsubscribed", SignUp(FIRST + timedelta(days=2), "glasses.example")),
    ([(Kind.GIVEN, FORM), (Kind.BLOCKED, {}), (Kind.RESTORED, {})], "blocked restored", SIGNED),
    ([(Kind.ATTESTED, ROW)], "", SignUp(datetime(2024, 11, 5, 18, 30, tzinfo=UTC), None, "shop")),
    ([(Kind.ATTESTED, ROW), (Kind.GIVEN, AGREE)], "",
     SignUp(datetime(2024, 11, 5, 18, 30, tzinfo=UTC), None, "shop")),
    ([(Kind.GIVEN, {})], "", SignUp(FIRST)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "all_of", "wanted"),
    HISTORIES,
    ids=lambda value: "-".join(kind for kind, _ in value) if isinstance(value, list) else "",
)
def test_it_is_the_first_yes_since_the_last_no(
    policy: PolicyVersion,
    said: list[tuple[Kind, dict[str, Any]]],
    all_of: str,
    wanted: SignUp | None,
) -> None:
    person = history(policy, *said, all_of=all_of)
    assert signed_up(person) == wanted


def test_a_batch_of_entries_is_projected_as_if_each_had_come_alone(policy: PolicyVersion) -> None:
    [person] = road.subscribe(policy, 1, "offers")
    news = topics.find("news").id
    with clock.use(lambda: FIRST):
        ledger.append_many(
            [
                NewEntry(person, Kind.GIVEN, news, policy.id, "form", "test", proof)
                for proof in (FORM, AGREE)
            ]
        )
    assert signed_up(person) == SIGNED


@pytest.mark.parametrize(
    ("page", "site"),
    [
        ("https://glasses.example", "glasses.example"),
        ("http://127.0.0.1:8080/join/main", "127.0.0.1:8080"),
        ("https://glasses.example/WIN-A-PRIZE", "glasses.example"),
        ("https://win@glasses.example/", None),
        ("mailto:join@glasses.example", None),
        ("", None),
        (None, None),
    ],
)
def test_the_site_is_told_and_never_what_a_stranger_chose(
    page: str | None, site: str | None
) -> None:
    assert signups.given({"page": page}, FIRST) == SignUp(FIRST, site)


@pytest.fixture
def old(
    empty_database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The base application over a database of its own, whose schema may go back."""
    schema.upgrade(empty_database_url)
    monkeypatch.setenv("KELISIM_DATABASE_URL", empty_database_url)
    base = create_base(load(_env_file=None))
    with base.app_context():
        yield base
        db.session.remove()
        db.engine.dispose()


def test_a_database_from_before_learns_it_from_its_ledger(old: Flask) -> None:
    policy = road.lay()
    known = {history(policy, *said, all_of=all_of): wanted for said, all_of, wanted in HISTORIES}
    db.session.commit()
    schema.downgrade(current().database, "0009")
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'signed_up%'"
    assert db.session.scalar(text(columns)) == 0
    db.session.commit()
    schema.upgrade(current().database)
    assert {person: signed_up(person) for person in known} == known


def signed_up(person: UUID) -> SignUp | None:
    row = standings.of(person)[topics.find("news").id]
    if row.signed_up_at is None:
        return None
    return SignUp(row.signed_up_at, row.signed_up_site, row.signed_up_form)
