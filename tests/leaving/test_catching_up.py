"""Catching up in bulk says exactly what each line alone would have said."""

import random
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.leaving import leave, marks, reading
from mailing.leaving.catching_up import catch_up
from mailing.leaving.journal import Journal, JournalError, Line, Note
from mailing.people import ledger, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber, digest_of
from tests import road
from tests.person import Person, newest_request

_FACTS = {
    "ledger": "SELECT subscriber_id, seq, kind, topic_id, source, actor, evidence_hash FROM ledger",
    "standings": "SELECT subscriber_id, topic_id, standing, refused, of_everything FROM standings",
    "people": "SELECT id, digest, personal, blocked_at IS NULL FROM subscribers",
    "suppressions": "SELECT digest, reason FROM suppressions",
    "deliveries": "SELECT subscriber_id, campaign_id, optin_id, state, reason FROM deliveries",
    "requests": "SELECT id, state, personal IS NULL FROM optins",
    "marks": "SELECT sequence, hash FROM journal_entries",
}


def facts() -> dict[str, list[str]]:
    """All that matters, without times and numbers."""
    db.session.commit()
    return {
        name: sorted(map(str, db.session.execute(text(query)).all()))
        for name, query in _FACTS.items()
    }


@pytest.fixture
def people(app: Flask) -> list[UUID]:
    """Some with a yes to one topic, some to both, one who has asked only; a campaign under way."""
    policy = road.lay()
    ids = road.subscribe(policy, 12)
    road.say_yes(policy, ids[:6], "offers")
    road.another()
    road.another("offers")
    Person(policy, "asks@example.com").ask("news", "offers")
    found = subscribers.find(canonical("asks@example.com"))
    assert found is not None
    return [*ids, found.id]


def random_lines(journal: Journal, people: list[UUID], dice: random.Random) -> list[Line]:
    """What these and some unknown people may have said, some of it twice."""
    slugs = ("news", "offers", "notices")
    known = {slug: topics.find(slug).id for slug in slugs}
    scopes = ["all", *(f"topics:{one}" for one in known.values())]
    scopes += [f"topics:{known['news']},{known['offers']}", "topics:99"]
    scopes += [f"optin:{newest_request().id}", f"optin:{uuid4()}"]
    digests = {one: db.session.get_one(Subscriber, one).digest for one in people}
    strangers = {UUID(int=n): digest_of(canonical(f"late{n}@example.com")) for n in range(4)}
    everybody = list((digests | strangers).items())
    return [journal.append(_note(dice, *dice.choice(everybody), scopes)) for _ in range(60)]


def _note(dice: random.Random, person: UUID, digest: bytes, scopes: list[str]) -> Note:
    kind = dice.choices(("unsubscribed", "withdrawn", "blocked", "moved"), (12, 2, 2, 1))[0]
    scope = dice.choice(scopes) if kind == "unsubscribed" else "all"
    source = dice.choice(("one-click", "page", "complaint"))
    # Some lines name an id that is another by now: the digest finds the person.
    named = uuid4() if kind != "moved" and dice.random() < 0.1 else person
    return Note(str(named), digest.hex(), scope, kind, source)


def one_by_one(journal: Journal, lines: list[Line]) -> None:
    """As a web node replays them."""
    for line in lines:
        wish = reading.leaving(line, reading.known([line]))
        if wish is None:
            reading.OTHERS[line.note.kind].apply(journal.id, line)
            db.session.commit()
        else:
            leave.record(wish, (journal, line))


@pytest.mark.parametrize("seed", range(4))
def test_many_at_once_are_the_same_as_one_after_another(
    people: list[UUID], settings: Settings, seed: int
) -> None:
    """T12: two ways to the same facts, compared fact by fact."""
    journal = marks.own_journal()
    db.session.commit()
    lines = random_lines(journal, people, random.Random(seed))
    kept = _dump()
    one_by_one(journal, lines)
    alone = facts()
    _put_back(kept)
    assert sum(counted.total() for counted in catch_up(journal.id, lines)) == len(lines)
    assert facts() == alone
    assert list(ledger.verify()) == []


def test_the_same_again_changes_nothing(people: list[UUID]) -> None:
    journal = marks.own_journal()
    db.session.commit()
    lines = random_lines(journal, people, random.Random(9))
    list(catch_up(journal.id, lines))
    before = facts()
    list(catch_up(journal.id, lines))
    assert facts() == before


def test_a_line_that_says_yes_ends_it(people: list[UUID]) -> None:
    journal = marks.own_journal()
    line = journal.append(Note(str(people[0]), None, "all", "given", "page"))
    with pytest.raises(JournalError, match="no leaving"):
        list(catch_up(journal.id, [line]))


_TABLES = (
    *("subscribers", "evidence", "evidence_private", "ledger", "standings", "suppressions"),
    *("optins", "batches", "deliveries", "journal_entries", "receipts"),
)


def _dump() -> dict[str, list[bytes]]:
    connection = db.session.connection().connection.driver_connection
    assert connection is not None
    kept = {}
    for table in _TABLES:
        with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
            kept[table] = [bytes(row) for row in copy]
    db.session.commit()
    return kept


def _put_back(kept: dict[str, list[bytes]]) -> None:
    """As the restored backup would be: without the triggers that guard what is append-only."""
    db.session.remove()
    connection = db.session.connection().connection.driver_connection
    assert connection is not None
    connection.execute("SET session_replication_role = replica")
    for table, rows in kept.items():
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write(row)
    connection.execute("SET session_replication_role = DEFAULT")
    db.session.commit()
