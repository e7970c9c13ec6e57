"""T14: a query elsewhere forgot the status ("woops!"). Here each clause is taken out once.

The verdict is SQL text. Every WHEN of it is made never true, every value that a condition compares
with is made a wrong one, and nothing is found of what is gathered for a list; each of these mutants
must change what somebody of the table "Who gets what" receives. A clause whose loss nobody would
notice is a clause without a test.
"""

import re
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock
from mailing.base.database import db
from mailing.people import ledger, subscribers, suppression, topics, verdict, verdict_of_many
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry
from mailing.people.suppression import Why
from tests import road
from tests.deliveries.test_who_gets_what import HAPPENED
from tests.person import Person, open_request

Act = Callable[[Person], None]

_TOLD = ("campaign", "notice", "confirmation")
_PEOPLE = """
    FROM subscribers s JOIN topics t ON t.id = :topic
    LEFT JOIN standings st ON st.subscriber_id = s.id AND st.topic_id = t.id
"""
_ONE = f"""
    SELECT s.id, ({{verdict}}) {_PEOPLE}
    LEFT JOIN policy_versions p ON p.id = st.policy_id
    LEFT JOIN LATERAL (SELECT * FROM optins o WHERE o.subscriber_id = s.id
                       ORDER BY o.created_at DESC, o.id DESC LIMIT 1) r ON true
"""  # noqa: S608 - our own text
_MANY = f"""
    SELECT s.id, ({{verdict}}) {_PEOPLE} LEFT JOIN ({verdict_of_many.KEPT_OUT}) k ON k.id = s.id
"""
_NOTICED = f"{_MANY} LEFT JOIN ({verdict_of_many.SAID}) m ON m.id = s.id"
KINDS = {
    "campaign": (_ONE.format(verdict=verdict.CAMPAIGN), "news"),
    "notice": (_ONE.format(verdict=verdict.NOTICE), "notices"),
    # The audience asks in other words, and must be told the same.
    "campaign of many": (_MANY.format(verdict=verdict_of_many.CAMPAIGN), "news"),
    "notice of many": (_NOTICED.format(verdict=verdict_of_many.NOTICE), "notices"),
    "confirmation": (_ONE.format(verdict=verdict.CONFIRMATION), "news"),
}


def _only(standing: str) -> Act:
    """The ledger alone says it: no suppression, as after a restore that lost one."""

    def act(person: Person) -> None:
        person.say_yes("news", "offers")
        ledger.append(NewEntry(person.id, Kind(standing), None, None, "staff", "test"))

    return act


def _emptied(person: Person) -> None:
    """The row has lost its data, and nothing else says why."""
    person.say_yes("news")
    person.row.personal = None


def _emptied_and_bounced(person: Person) -> None:
    """What is said of the address is said second."""
    _emptied(person)
    suppression.suppress(person.row.digest, Why.BOUNCE)


def _withdrawn_and_back(person: Person) -> None:
    """A backup brought the yes back; the suppression outlived it."""
    person.say_yes("news")
    suppression.suppress(person.row.digest, Why.WITHDRAWN)


def _destroyed_and_back(person: Person) -> None:
    """A backup brought the row back; the suppression outlived it."""
    person.say_yes("news")
    suppression.suppress(person.row.digest, Why.DESTROYED)


def _moved_away(person: Person) -> None:
    """Somebody was known by this address before; who asks from it now has not confirmed."""
    person.ask("news", "offers")
    suppression.suppress(person.row.digest, Why.MOVED)


def _moved_and_back(person: Person) -> None:
    """A backup brought back a yes of somebody who has moved from this address since."""
    person.say_yes("news")
    suppression.suppress(person.row.digest, Why.MOVED)


def _no_word(person: Person) -> None:
    subscribers.create(canonical(person.address), "kk")


def _paused(person: Person) -> None:
    person.say_yes("news")
    query = "UPDATE subscribers SET paused_until = now() + interval '1 day' WHERE id = :id"
    db.session.execute(text(query), {"id": person.id})


def _pause_is_over(person: Person) -> None:
    person.say_yes("news")
    query = "UPDATE subscribers SET paused_until = now() - interval '1 day' WHERE id = :id"
    db.session.execute(text(query), {"id": person.id})


def _moved_and_blocked(person: Person) -> None:
    """What is said of the person is said although nothing of their address keeps them out."""
    _moved_away(person)
    person.row.blocked_at = clock.now()


def _under_a_poorer_policy(person: Person) -> None:
    person.say_yes("news")
    query = text(
        "WITH poorer AS (INSERT INTO policy_versions (label, effective_on, purposes, fields) "
        "SELECT 'poorer', effective_on + 3, '{special_offers}', fields FROM policy_versions "
        "WHERE id = :policy RETURNING id) "
        "UPDATE standings SET policy_id = poorer.id FROM poorer WHERE subscriber_id = :id"
    )
    db.session.execute(query, {"policy": person.policy_id, "id": person.id})


def _imported_and_the_request(state: str) -> Act:
    def act(person: Person) -> None:
        _no_word(person)
        open_request(person)
        query = f"UPDATE optins SET {state} WHERE subscriber_id = :id"  # noqa: S608
        db.session.execute(text(query), {"id": person.id})

    return act


def _standings(news: str, notices: str) -> Act:
    """Standings that no walk makes today: each clause must hold on its own."""

    def act(person: Person) -> None:
        person.say_yes("news")
        for slug, standing in (("news", news), ("notices", notices)):
            values = {"s": standing, "id": person.id, "t": topics.find(slug).id}
            db.session.execute(text(_STANDS), values)

    return act


_STANDS = """
    INSERT INTO standings (subscriber_id, topic_id, standing, since) VALUES (:id, :t, :s, now())
    ON CONFLICT (subscriber_id, topic_id) DO UPDATE SET standing = excluded.standing
"""


# Beyond the table: what campaign, notice and confirmation say to each.
MORE: dict[str, tuple[Act, str | None, str | None, str | None]] = {
    "withdrawn in the ledger only": (_only("withdrawn"), "withdrawn", "withdrawn", None),
    "emptied without a word": (_emptied, "withdrawn", "withdrawn", "withdrawn"),
    "emptied and bounced": (_emptied_and_bounced, "withdrawn", "withdrawn", "withdrawn"),
    "withdrawn and back": (_withdrawn_and_back, "withdrawn", "withdrawn", "withdrawn"),
    "destroyed and back": (_destroyed_and_back, "withdrawn", "withdrawn", "withdrawn"),
    "where somebody moved from": (_moved_away, "not_confirmed", "not_confirmed", None),
    "brought back where they moved from": (
        _moved_and_back,
        *("suppressed_moved", "suppressed_moved", None),
    ),
    "paused": (_paused, "paused_by_subscriber", "paused_by_subscriber", None),
    "pause is over": (_pause_is_over, None, None, None),
    "moved away and blocked": (_moved_and_blocked, "blocked", "blocked", "blocked"),
    "policy without the purpose": (_under_a_poorer_policy, "no_policy_consent", None, None),
    "request closed": (
        _imported_and_the_request("state = 'cancelled'"),
        *("not_confirmed", "not_confirmed", "request_closed"),
    ),
    "request expired": (
        _imported_and_the_request("expires_at = now() - interval '1 s'"),
        *("not_confirmed", "not_confirmed", "request_expired"),
    ),
    "has the notices alone": (
        _standings("requested", "given"),
        *("not_confirmed", "not_confirmed", None),
    ),
    "withdrawn from the notices": (_standings("given", "withdrawn"), None, "withdrawn", None),
    "withdrawn from a topic": (_standings("withdrawn", "none"), "withdrawn", "withdrawn", None),
}


def mutants(sql: str) -> Iterator[tuple[str, str]]:
    """Each condition made never true, each value compared with made a wrong one; and which it was.

    A condition is what follows a WHEN, and what is gathered of all topics of a person.
    """
    for start, end in (*_conditions(sql), *_gathered(sql)):
        condition = sql[start:end]
        name = " ".join(condition.split())
        yield f"never: {name}", f"{sql[:start]} false AND ({condition}) {sql[end:]}"
        for value in re.finditer(r"(interval )?'[^']*'", condition):
            wrong = "interval '9000 days'" if value[1] else "'no such word'"
            changed = condition[: value.start()] + wrong + condition[value.end() :]
            yield f"{value[0]} in: {name}", f"{sql[:start]}{changed}{sql[end:]}"


def _conditions(sql: str) -> Iterator[tuple[int, int]]:
    """Where the condition of each WHEN begins and ends."""
    for begun in re.finditer(r"\bWHEN\b", sql):
        depth = 0
        for word in re.finditer(r"\bCASE\b|\bEND\b|\bTHEN\b|\(|\)", sql[begun.end() :]):
            depth += {"CASE": 1, "(": 1, "END": -1, ")": -1}.get(word[0], 0)
            if word[0] == "THEN" and depth == 0:
                yield begun.end(), begun.end() + word.start()
                break


def _gathered(sql: str) -> Iterator[tuple[int, int]]:
    """Where what is gathered under a name begins and ends."""
    for found in re.finditer(r"bool_or\(((?:[^()]|\([^()]*\))*)\) AS ", sql):
        yield found.span(1)


@pytest.fixture
def expected(app: Flask) -> dict[str, dict[str, str | None]]:
    """Somebody of each row of the table, and what each kind of message must say of them."""
    policy = road.lay()
    said: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
    for number, (name, what) in enumerate(EVERYBODY.items()):
        person = Person(policy, f"mutant{number}@example.com")
        what[0](person)
        db.session.commit()
        if not name.startswith("request "):
            open_request(person)
        PEOPLE[person.id] = name
        for kind in KINDS:
            said[kind][name] = dict(zip(_TOLD, what[1:], strict=True))[kind.split()[0]]
    for person_id, name in PEOPLE.items():
        db.session.execute(text(_AGED), {"id": person_id, "days": AGES.get(name, 0)})
    db.session.commit()
    return said


EVERYBODY = {name: (row[0], row[1], row[2], row[4]) for name, row in HAPPENED.items()} | MORE
PEOPLE: dict[UUID, str] = {}
# How many days ago they were suppressed; the acts of the table move the dates of all at once.
AGES = {
    "complained long ago": 4000,
    "suppressed by staff": 4000,
    "bounced, before any yes": 29,
    "bounced a month ago": 31,
}
_AGED = """
    UPDATE suppressions x SET since = now() - make_interval(days => :days)
    FROM subscribers s WHERE s.id = :id AND x.digest = s.digest
"""


def _asked(kind: str, sql: str) -> dict[str, str | None]:
    found = db.session.execute(text(sql), {"topic": topics.find(KINDS[kind][1]).id}).all()
    assert len({row[0] for row in found}) == len(found), "somebody is judged twice"
    return {PEOPLE[row[0]]: row[1] for row in found}


def test_the_verdict_says_what_the_table_says(
    expected: dict[str, dict[str, str | None]],
) -> None:
    assert {kind: _asked(kind, sql) for kind, (sql, _) in KINDS.items()} == expected


def test_no_clause_of_the_verdict_can_be_taken_out_unnoticed(
    expected: dict[str, dict[str, str | None]],
) -> None:
    """T14."""
    tried, survivors = 0, []
    for kind, (sql, _) in KINDS.items():
        assert _asked(kind, sql) == expected[kind]
        for name, mutant in mutants(sql):
            tried += 1
            if _asked(kind, mutant) == expected[kind]:
                survivors.append(f"{kind}: {name}")
    assert tried > 30
    assert not survivors, "\n".join(survivors)
