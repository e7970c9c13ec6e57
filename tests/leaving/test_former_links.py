"""Links of before a restore, and lines of the journal: who they are about by now, whatever happens
to the database and its people meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask

from mailing.base.database import db, dsn
from mailing.base.errors import Unavailable
from mailing.base.settings import current
from mailing.leaving import catching_up, leave, links, marks, reading, replay
from mailing.leaving.journal import Note
from mailing.leaving.leave import NobodyKnown
from mailing.leaving.scope import Scope
from mailing.people import ledger, lost, standings, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import digest_of
from tests import road
from tests.heard import before_each
from tests.person import Person
from tests.services import end_backend

PREPARING = "FROM journals"
# Who somebody is by now, by the digest that the line names, and without one.
BY_DIGEST, BY_ID = "WHERE digest = ", "FROM lost_subscribers JOIN"


@contextmanager
def cut_off(is_cut: Callable[[str], bool]) -> Iterator[list[str]]:
    """The database ends the connection under each statement of which this is so; those."""
    cut: list[str] = []

    def before(statement: str, backend: int) -> None:
        if is_cut(statement):
            cut.append(statement)
            end_backend(current().database, backend)

    with before_each(before):
        yield cut


def leave_by_a_former_link(person: Person, *cuts: str) -> bool:
    """Leave the news by a link of before the restore; whether the answer was that it is done."""
    former = uuid4()
    lost.note({former: person.row.digest})
    token = road.leave_token(former, "news")
    db.session.commit()
    with cut_off(lambda statement: any(one in statement for one in cuts)) as cut:
        try:
            return links.by_token(token, 0) is not None
        except Unavailable:
            return False
        finally:
            db.session.rollback()
            assert len(cut) == len(cuts), "the fault has happened"


def test_a_former_link_leaves_for_whoever_has_the_address_now(person: Person) -> None:
    assert leave_by_a_former_link(person)
    assert person.standing("news") == "unsubscribed"


@pytest.mark.parametrize("cuts", [[BY_DIGEST], [PREPARING], [PREPARING, BY_ID]])
def test_no_answer_says_done_for_somebody_whom_it_could_not_ask_for(
    person: Person, cuts: list[str]
) -> None:
    """The question who it is by now failed, was passed by, and its line was called applied."""
    is_done = leave_by_a_former_link(person, *cuts)
    assert is_done == (cuts == [PREPARING])
    replay.run()
    assert person.standing("news") == "unsubscribed"


def test_an_id_that_is_known_again_is_its_own(person: Person) -> None:
    """Its "no" was kept, they joined again and moved; somebody else has the address by now."""
    known_again = uuid4()
    lost.note({known_again: person.row.digest})
    subscribers.remember({known_again: digest_of(canonical("moved@example.com"))})
    assert lost.now_known_as(known_again) == known_again
    links.by_token(road.leave_token(known_again, "news"), 0)
    assert person.standing("news") == "given"


@pytest.mark.parametrize("road_of_replay", ["alone", "with many"])
def test_a_line_about_another_address_is_not_given_to_whoever_has_the_lost_one(
    person: Person, road_of_replay: str
) -> None:
    """Two ways to the same facts. The "no" is kept with the address that the line names."""
    former, moved_to = uuid4(), digest_of(canonical("moved@example.com"))
    lost.note({former: person.row.digest})
    journal = marks.own_journal()
    line = journal.append(Note(str(former), moved_to.hex(), "all", "unsubscribed", "page"))
    db.session.commit()
    if road_of_replay == "alone":
        wish = reading.leaving(line, reading.known([line]))
        assert wish is not None
        leave.record(wish, (journal, line))
    else:
        list(catching_up.catch_up(journal.id, [line]))
    assert person.standing("news") == "given"
    assert subscribers.hold_by_digest(moved_to) is not None


def test_whoever_joins_by_the_lost_address_while_its_link_leaves_has_left(
    app: Flask, person: Person
) -> None:
    """Found by nobody, remembered by nobody: it was answered "done", and nothing was kept."""
    former, address, policy_id = uuid4(), canonical("back@example.com"), person.policy_id
    lost.note({former: digest_of(address)})
    token = road.leave_token(former, "news")
    db.session.commit()
    joined: list[UUID] = []

    def join() -> None:
        with app.app_context():
            found = subscribers.create(address, "kk")
            yes = ("form", "subscriber")
            ledger.append(NewEntry(found.id, Kind.GIVEN, topics.find("news").id, policy_id, *yes))
            joined.append(found.id)
            db.session.commit()

    def before(statement: str, _backend: int) -> None:
        if statement.startswith("INSERT INTO subscribers (id, digest, provider, language) "):
            somebody = Thread(target=join)
            somebody.start()
            somebody.join()

    with before_each(before):
        assert links.by_token(token, 0) is not None
    assert {one.standing for one in standings.of(joined[0]).values()} == {"unsubscribed"}


@pytest.mark.parametrize("kind", ["lost", "never heard of"])
def test_a_link_of_somebody_who_has_not_come_back_is_kept_or_refused_without_the_database(
    person: Person, kind: str
) -> None:
    """The line could name no address. It was called applied, and the answer was that it is done."""
    former, digest = uuid4(), digest_of(canonical("late@example.com"))
    if kind == "lost":
        lost.note({former: digest})
    token = road.leave_token(former, "news")
    db.session.commit()
    with cut_off(lambda statement: PREPARING in statement) as cut:
        if kind == "lost":
            assert links.by_token(token, 0) is not None
        else:
            with pytest.raises(NobodyKnown):
                links.by_token(token, 0)
    assert cut
    kept = subscribers.hold_by_digest(digest)
    assert (kept is not None) == (kind == "lost")
    if kept is not None:
        assert {one.standing for one in standings.of(kept.id).values()} == {"unsubscribed"}


def test_a_line_is_marked_after_whoever_it_is_about_is_held(app: Flask, person: Person) -> None:
    """Replay holds the person and then marks the line: the other way round each waits for the
    other."""
    former = uuid4()
    lost.note({former: person.row.digest})
    journal = marks.own_journal()
    news = topics.find("news").id
    note = Note(str(former), person.row.digest.hex(), f"topics:{news}", "unsubscribed", "page")
    line = journal.append(note)
    db.session.commit()
    wish = leave.Leaving(former, Scope.of_topics(news), source="page")

    def leaves() -> None:
        with app.app_context():
            leave.record(wish, (journal, line))

    with psycopg.connect(dsn(current().database)) as other:
        other.execute("SELECT FROM subscribers WHERE id = %s FOR UPDATE", [person.row.id])
        somebody = Thread(target=leaves)
        somebody.start()
        road.wait_for(lambda: road.is_waited_for(other), seconds=20, every=0.01)
        other.execute("SET LOCAL lock_timeout = '2s'")
        mark = "INSERT INTO journal_entries VALUES (%s, %s, %s, now())"
        other.execute(mark, [journal.id, line.sequence, line.hash])
        other.rollback()
    somebody.join()
    db.session.rollback()
    assert person.standing("news") == "unsubscribed"


def test_many_lines_without_an_address_keep_it_as_well(person: Person) -> None:
    former, digest = uuid4(), digest_of(canonical("late@example.com"))
    lost.note({former: digest})
    journal = marks.own_journal()
    news = topics.find("news").id
    line = journal.append(Note(str(former), None, f"topics:{news}", "unsubscribed", "page"))
    db.session.commit()
    list(catching_up.catch_up(journal.id, [line]))
    assert subscribers.hold_by_digest(digest) is not None
