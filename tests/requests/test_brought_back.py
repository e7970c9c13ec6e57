"""A backup from before a destruction brings the person back; the journal destroys them again."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base import clock, installation
from mailing.base.database import db, dsn
from mailing.base.settings import Settings, current
from mailing.leaving import destroyed, marks, replay
from mailing.leaving.journal import Note
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, suppression
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why
from mailing.policies import versions
from mailing.requests import (
    carrying,
    certificates,
    destructions,
    erasing,
    granting,
    holds,
    requests,
    sweeping,
    verifying,
    whose,
)
from tests import road
from tests.deliveries.conftest import Sender, sender  # noqa: F401 (a fixture)
from tests.requests import destroying

# What a destruction and everything after it writes, but for tables that only grow.
_TABLES = (
    *("subscribers", "standings", "ledger", "evidence", "suppressions", "requests"),
    *("request_events", "request_years", "certificates", "certificate_years", "destructions"),
    *("destruction_steps", "journal_entries", "replayed_destructions", "receipts", "optins"),
    *("audit_log", "deliveries"),
)


class Backup:
    """The tables as they were; `restore` puts them back, as an old backup does."""

    def __init__(self, settings: Settings) -> None:
        self._dsn = dsn(settings.database)
        self._rows = {table: self._copy(table) for table in _TABLES}

    def restore(self) -> None:
        """Put everything back as it was."""
        db.session.remove()
        with psycopg.connect(self._dsn) as database:
            database.execute("SET session_replication_role = replica")
            for table, rows in self._rows.items():
                database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
                with database.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(rows)
        replay._settled.clear()

    def _copy(self, table: str) -> bytes:
        words = f"COPY {table} TO STDOUT"
        with psycopg.connect(self._dsn) as database, database.cursor().copy(words) as copy:
            return b"".join(bytes(block) for block in copy)


@pytest.fixture
def people(app: Flask) -> list[UUID]:
    found = road.subscribe(road.lay(), 2)
    # The journal is begun before the backup is made.
    leave(Leaving(found[1], Scope.of_topics(1), patience=0))
    return found


def test_who_was_destroyed_after_the_backup_is_destroyed_again_without_asking(
    people: list[UUID],
    settings: Settings,
    sender: Sender,  # noqa: F811
) -> None:
    """T19: nobody comes back because an old state does."""
    mine = people[0]
    digest = db.session.get_one(Subscriber, mine).digest
    backup = Backup(settings)
    first = destroying.destroyed(mine).number
    backup.restore()
    assert db.session.get_one(Subscriber, mine).personal is not None
    assert replay.run() > 0
    assert Why.DESTROYED in suppression.reasons(digest), "before anything can be sent"
    road.another()
    assert [one.subscriber_id for one in sender.ask(sender.claim())] == [people[1]]
    assert sweeping.run() == 1
    row = db.session.get_one(Subscriber, mine)
    assert (row.personal, row.digest == digest) == (None, False)
    again = certificates.newest()
    assert again is not None
    assert (again.said["ground"], again.said["repeats"]) == ("journal", first)
    assert certificates.NUMBER.fullmatch(first)
    assert again.number[:11] > first[:11], "no number is given twice"
    assert verifying.stored(again.number).is_sound
    assert [one.kind for one in ledger.history(mine)] == ["given", "withdrawn", "destroyed"]
    assert list(ledger.verify()) == []


def test_it_is_done_once_however_often_the_journal_is_read(
    people: list[UUID], settings: Settings
) -> None:
    backup = Backup(settings)
    destroying.destroyed(people[0])
    backup.restore()
    replay.run()
    assert [sweeping.run(), sweeping.run()] == [1, 0]
    replay._settled.clear()
    assert (replay.run(), sweeping.run()) == (0, 0)
    assert len(destructions.of_subscriber(people[0])) == 1


def test_a_decision_that_the_backup_holds_is_carried_out_by_the_journals_word(
    people: list[UUID], settings: Settings
) -> None:
    destroying.two_officers()
    asked = destroying.withdrawn(people[0])
    granting.decide(asked.id, destroying.OFFICER)
    db.session.commit()
    backup, asked_id = Backup(settings), asked.id
    granting.approve(asked_id, destroying.SECOND)
    granting.expedite(asked_id, "in a hurry", destroying.OFFICER)
    db.session.commit()
    carrying.carry_out(asked_id, destroying.OFFICER)
    backup.restore()
    assert sweeping.run() == 0, "the second yes is not in the backup"
    replay.run()
    assert sweeping.run() == 1
    assert requests.find(asked_id).resolution == "done"


def test_somebody_whom_the_backup_does_not_hold_stays_out(
    people: list[UUID], settings: Settings
) -> None:
    backup = Backup(settings)
    policy = versions.in_force()
    assert policy is not None
    (later,) = road.subscribe(policy, 1, first=7)
    digest = db.session.get_one(Subscriber, later).digest
    number = destroying.destroyed(later).number
    backup.restore()
    replay.run()
    assert Why.DESTROYED in suppression.reasons(digest)
    assert sweeping.run() == 0
    assert destroyed.to_settle() == []
    assert certificates.next_number()[:11] > number[:11]


@pytest.mark.parametrize("source", ["D-2026-0009-AAAAAAAA", "D-2026-0009-AAAAAAAA " + "0" * 64])
def test_a_line_that_was_not_written_under_our_key_destroys_nobody_and_switches_sending_off(
    people: list[UUID], source: str
) -> None:
    """Whoever can write the file could otherwise destroy everybody."""
    digest = db.session.get_one(Subscriber, people[0]).digest.hex()
    note = Note(str(people[0]), digest, "all", destroyed.KIND, source)
    marks.own_journal().append(note)
    replay.run()
    why = installation.here().sending_off_reason or ""
    assert "not written under this KELISIM_SUPPRESSION_KEY" in why
    assert sweeping.run() == 0
    assert db.session.get_one(Subscriber, people[0]).personal is not None


def test_what_was_written_down_before_a_crash_is_destroyed_all_the_same(
    people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal has the line, and the transaction was lost."""
    asked = destroying.granted(people[0])
    monkeypatch.setattr("mailing.requests.granting.note", _dies)
    with pytest.raises(KeyboardInterrupt):
        carrying.carry_out(asked.id, destroying.OFFICER)
    db.session.rollback()
    monkeypatch.undo()
    assert db.session.get_one(Subscriber, people[0]).personal is not None
    assert replay.run() == 1
    assert sweeping.run() == 1
    assert sum(erasing.counts(whose.person(people[0])).values()) == 0


def _dies(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_journal_holds_no_address(people: list[UUID]) -> None:
    destroying.destroyed(people[0])
    written = b"".join(one.read_bytes() for one in Path(current().journal).iterdir())
    assert road.address(0).encode() not in written
    assert b'"destroyed"' in written
    assert db.session.scalars(text("SELECT count(*) FROM replayed_destructions")).one() == 0


def test_a_hold_that_was_lifted_since_the_backup_keeps_nobody_who_was_destroyed(
    people: list[UUID], settings: Settings
) -> None:
    until = clock.now().date() + timedelta(days=300)
    hold = holds.place(people[0], "Civil case 7", until, destroying.OFFICER).id
    db.session.commit()
    backup = Backup(settings)
    holds.lift(hold, destroying.OFFICER)
    destroying.destroyed(people[0])
    backup.restore()
    db.session.execute(text("UPDATE legal_holds SET lifted_at = NULL, lifted_by = NULL"))
    db.session.commit()
    assert (replay.run() > 0, sweeping.run()) == (True, 1)
    assert db.session.get_one(Subscriber, people[0]).personal is None
