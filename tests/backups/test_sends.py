"""What was sent after the backup is not sent again: by the send journals, whatever the rows say."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db, dsn
from mailing.base.settings import Settings
from mailing.campaigns import campaigns
from mailing.deliveries import dispatch, halting, incarnations, lines, queue, sends
from mailing.deliveries.incarnations import Owner
from mailing.leaving import links, replay
from mailing.people import lost
from mailing.people.subscribers import Subscriber
from tests import road
from tests.backups.ground import back_up, restored
from worker.incarnation import Host, boot_id
from worker.sendjournal import Dot, Reply, SendJournal

ANSWERS = {"accepted": 250, "refused": 550, "deferred": 451}


class Sender:
    """A process that has begun before the backup and writes its journal on after it."""

    def __init__(self, settings: Settings) -> None:
        host = Host.here(settings)
        self.id = uuid4()
        self.path = host.journal_of(self.id)
        self.journal = SendJournal(self.path)
        with psycopg.connect(dsn(settings.database)) as database:
            incarnations.register(database, Owner(self.id, host.id, boot_id(), False), 1)

    def sends(self, campaign: int, person: UUID, ending: str, delivery: UUID | None = None) -> UUID:
        """One message that came to this ending; its id."""
        found = db.session.get(Subscriber, person)
        digest = found.digest if found else b"\7" * 32
        delivery = delivery or uuid4()
        self.journal.dots([Dot(delivery, 3, campaign, digest, person)])
        if ending in ANSWERS:
            self.journal.replies([Reply(delivery, 3, ANSWERS[ending], "as scripted")])
        return delivery


@pytest.fixture
def people(app: Flask) -> list[UUID]:
    replay.run()
    return road.subscribe(road.lay(), 6)


@pytest.fixture
def sender(people: list[UUID], settings: Settings) -> Sender:
    return Sender(settings)


def row_of(campaign: int, person: UUID) -> Any:
    query = "SELECT * FROM deliveries WHERE campaign_id = :c AND subscriber_id = :p"
    return db.session.execute(text(query), {"c": campaign, "p": person}).one()


def states(campaign: int) -> dict[UUID, str]:
    query = "SELECT subscriber_id, state FROM deliveries WHERE campaign_id = :c"
    return {r.subscriber_id: r.state for r in db.session.execute(text(query), {"c": campaign})}


def claimed(settings: Settings) -> list[UUID]:
    """Whom a worker would write to now, once everything is switched on."""
    db.session.execute(text("UPDATE installation SET sending_on = true"))
    db.session.execute(text("UPDATE deliveries SET retry_at = now() WHERE state = 'deferred'"))
    db.session.commit()
    with psycopg.connect(dsn(settings.database)) as database:
        # What is written by the first claim is claimed by it, what waited there by the second.
        rounds = [queue.claim(database, uuid4(), 1000) for _ in range(2)]
    return [claim.subscriber_id for claims in rounds for claim in claims]


def resume(number: int) -> None:
    halting.resume(number, road.ACTOR)
    db.session.commit()


ENDINGS = ("accepted", "refused", "deferred", "uncertain", "", "")


@pytest.mark.parametrize("is_written", [True, False], ids=["written before", "written after"])
def test_each_message_gets_the_ending_that_its_journal_shows(
    people: list[UUID],
    sender: Sender,
    settings: Settings,
    empty_database_url: str,
    tmp_path: Path,
    is_written: bool,
) -> None:
    """Also where the backup does not have its row yet: by campaign and person."""
    number = road.campaign()
    road.start(number)
    if is_written:
        road.write_out()
    back_up(settings, tmp_path / "backup")
    ids = {}
    for person, ending in zip(people, ENDINGS, strict=True):
        known = row_of(number, person).id if is_written else None
        if ending:
            ids[person] = sender.sends(number, person, ending, known)
    with restored(settings, empty_database_url, tmp_path / "backup") as (app, told):
        assert told["sent"]["messages"] == 4
        assert told["campaigns"] == {"paused": [number], "stopped": []}
        assert told["warnings"] == []
        assert {ids[one]: row_of(number, one).id for one in ids} == {i: i for i in ids.values()}
        found = states(number)
        assert [found.get(one, "") for one in people[:4]] == list(ENDINGS[:4])
        assert row_of(number, people[0]).reply_code == 250
        counted = dict.fromkeys(("accepted", "refused", "deferred", "uncertain"), 1)
        others = {"pending": 2, "held": {}, "sending": 0, "state": "paused", "audience": 6}
        assert road.outcomes(number) == counted | others
        resume(number)
        assert sorted(claimed(app.extensions["kelisim"])) == sorted(
            {people[2], people[4], people[5]}
        )


def test_of_several_tries_one_that_was_accepted_counts_else_the_last(
    people: list[UUID],
    sender: Sender,
    settings: Settings,
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    number = road.campaign()
    road.start(number)
    road.write_out()
    back_up(settings, tmp_path / "backup")
    tries = (("accepted", "uncertain"), ("deferred", "accepted"), ("deferred", "refused"))
    for person, endings in zip(people, tries, strict=False):
        delivery = row_of(number, person).id
        for fence, ending in enumerate(endings, 1):
            sender.journal.dots([Dot(delivery, fence, number, b"\1", person)])
            if ending in ANSWERS:
                sender.journal.replies([Reply(delivery, fence, ANSWERS[ending], "")])
    with restored(settings, empty_database_url, tmp_path / "backup"):
        found = states(number)
        assert [found[one] for one in people[:3]] == ["accepted", "accepted", "refused"]


def test_what_was_in_work_is_put_where_it_surely_is(
    people: list[UUID],
    sender: Sender,
    settings: Settings,
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    number = road.campaign()
    road.start(number)
    road.write_out()
    was = ("claimed", "open", "sealed", "sealed", "aborting", "deferred")
    for person, state in zip(people, was, strict=True):
        db.session.execute(
            text(
                "UPDATE deliveries SET state = :s, owner = :o, retry_at = now(), "
                "reason = CASE WHEN :s = 'aborting' THEN 'unsubscribed' END "
                "WHERE subscriber_id = :p"
            ),
            {"s": state, "p": person, "o": sender.id},
        )
    db.session.execute(
        text("INSERT INTO batch_owners SELECT :o, id FROM batches"), {"o": sender.id}
    )
    db.session.commit()
    back_up(settings, tmp_path / "backup")
    sender.sends(number, people[3], "accepted", row_of(number, people[3]).id)
    with restored(settings, empty_database_url, tmp_path / "backup") as (app, _):
        found = states(number)
        expected = ("pending", "pending", "uncertain", "accepted", "held", "deferred")
        assert [found[one] for one in people] == list(expected)
        assert row_of(number, people[4]).reason == "unsubscribed"
        assert db.session.scalars(text("SELECT count(*) FROM batch_owners")).one() == 0
        resume(number)
        assert sorted(claimed(app.extensions["kelisim"])) == sorted(
            {people[0], people[1], people[5]}
        )


def test_a_campaign_that_began_after_the_backup_is_stopped_with_who_got_it(
    people: list[UUID],
    sender: Sender,
    settings: Settings,
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    """A draft in the backup: started again it would go to everybody twice. T44."""
    number = road.campaign()
    back_up(settings, tmp_path / "backup")
    for person, ending in zip(people, ENDINGS[:3], strict=False):
        sender.sends(number, person, ending)
    with restored(settings, empty_database_url, tmp_path / "backup") as (_, told):
        assert told["campaigns"] == {"paused": [], "stopped": [number]}
        assert told["warnings"] == [f"Campaign {number} began after the backup and is stopped."]
        counted = road.outcomes(number)
        assert (counted["audience"], counted["accepted"], counted["refused"]) == (3, 1, 1)
        assert counted["held"] == {"campaign_stopped": 1}


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent since", "not sent"])
def test_a_campaign_in_its_holding_window_is_paused_and_complete(
    people: list[UUID],
    sender: Sender,
    settings: Settings,
    empty_database_url: str,
    tmp_path: Path,
    is_sent: bool,
) -> None:
    number = road.campaign()
    dispatch.start(number, road.ACTOR)
    db.session.commit()
    back_up(settings, tmp_path / "backup")
    got = people[:2] if is_sent else []
    for person in got:
        sender.sends(number, person, "accepted")
    links.by_token(road.leave_token(people[0]), 0)
    links.by_token(road.leave_token(people[5]), 0)
    with restored(settings, empty_database_url, tmp_path / "backup") as (app, told):
        assert told["campaigns"] == {"paused": [number], "stopped": []}
        counted = road.outcomes(number)
        assert (counted["state"], counted["accepted"]) == ("paused", len(got))
        assert counted["audience"] == (5 if is_sent else 4)
        considered = list(lines.of(campaigns.find(number)))
        assert len(considered) == 6
        resume(number)
        assert sorted(claimed(app.extensions["kelisim"])) == sorted(set(people[1:5]) - set(got))


def test_a_campaign_and_a_person_of_whom_nothing_is_known_take_no_number_and_are_remembered(
    people: list[UUID],
    sender: Sender,
    settings: Settings,
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    number = road.campaign()
    back_up(settings, tmp_path / "backup")
    late, digest = uuid4(), b"\7" * 32
    sender.sends(number + 40, late, "accepted")
    with restored(settings, empty_database_url, tmp_path / "backup") as (_, told):
        assert told["sent"]["unknown_people"] == 1
        assert lost.digest_of(late) == digest
        assert road.campaign() == number + 41


@pytest.mark.parametrize("gone", ["the host", "one process"])
@pytest.mark.parametrize("is_written", [True, False], ids=["written", "not written"])
def test_without_the_send_journals_what_waited_is_uncertain(
    people: list[UUID],
    sender: Sender,
    settings: Settings,
    empty_database_url: str,
    tmp_path: Path,
    gone: str,
    is_written: bool,
) -> None:
    number = road.campaign()
    road.start(number)
    if is_written:
        road.write_out()
    back_up(settings, tmp_path / "backup")
    (sender.path if gone == "one process" else sender.path.with_name("host")).unlink()
    with restored(settings, empty_database_url, tmp_path / "backup") as (app, told):
        assert told["sent"]["doubted"] == 6
        assert "missing" in told["warnings"][0]
        assert road.outcomes(number)["uncertain"] == 6
        resume(number)
        assert claimed(app.extensions["kelisim"]) == []


def test_a_dot_that_was_torn_is_a_dot_all_the_same(tmp_path: Path) -> None:
    """Whatever octet a journal ends with, nobody who may have got it is taken for left out."""
    whole = f"D {UUID(int=1)} 3 7 {'07' * 32} 1700000000.000000 {UUID(int=2)}\n"
    path = tmp_path / "one.sends"
    for size in range(1, len(whole)):
        path.write_text(whole[:size])
        told = list(sends.lines(path))
        assert [one.delivery for one in told] == [UUID(int=1)] * (size > len(f"D {UUID(int=1)} "))
    path.write_text(whole)
    [told_whole] = sends.lines(path)
    assert isinstance(told_whole, sends.Written)
    assert told_whole[2:5] == (7, b"\7" * 32, UUID(int=2))
