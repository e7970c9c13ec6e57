"""The sweep: the dead are settled by what is proved, and one trouble keeps off no other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.campaigns import campaigns
from mailing.deliveries import dispatch, gate, halting, incarnations, queue
from mailing.deliveries.incarnations import Owner
from mailing.deliveries.results import Ending, Result
from mailing.deliveries.seal import seal
from tests import road
from tests.worker.conftest import Desk
from tests.worker.test_incarnation import Somebody
from worker import sweep, sweeper
from worker.incarnation import Host, boot_id

Work = Callable[[UUID, UUID, str], UUID]


@pytest.fixture
def work(desk: Desk, settings: Settings) -> Work:
    """Rows of an owner: one claimed, one open, one sealed; the sealed one's id."""

    def begin(owner: UUID, host: UUID, boot: str) -> UUID:
        if incarnations_of(desk, owner) == 0:
            incarnations.register(desk.database, Owner(owner, host, boot, False), 1)
        with desk.database.transaction():
            claims = queue.claim(desk.database, owner, 3)
        passed = gate.ask(desk.database, settings, owner, claims[:2])
        seal(desk.database, owner, [passed[0].permit])
        return passed[0].permit.delivery_id

    return begin


def incarnations_of(desk: Desk, owner: UUID) -> int:
    query = "SELECT count(*) FROM incarnations WHERE id = %s"
    row = desk.database.execute(query, [owner]).fetchone()
    assert row is not None
    return int(row[0])


def deliver_all(desk: Desk, settings: Settings) -> int:
    """Hand over all that is due, as an engine does; how many messages."""
    database, owner = desk.database, desk.life.id
    with database.transaction():
        claims = queue.claim(database, owner, 100)
    permits = [passed.permit for passed in gate.ask(database, settings, owner, claims)]
    seal(database, owner, permits)
    told = [Result(p.delivery_id, p.fence, Ending.ACCEPTED, 1, 250) for p in permits]
    gate.ask(database, settings, owner, [], told)
    queue.release(database, owner)
    return len(told)


def settle(desk: Desk, settings: Settings, own: UUID | None = None) -> int:
    return sweep.settle_the_dead(desk.database, settings, Host.here(settings), own)


def test_who_lives_is_left_alone_and_who_died_is_settled(
    desk: Desk, settings: Settings, work: Work, environment: dict[str, str]
) -> None:
    road.under_way(3)
    somebody = Somebody(environment)
    work(somebody.id, Host.here(settings).id, boot_id())
    assert settle(desk, settings) == 0
    assert desk.states() == {"claimed": 1, "open": 1, "sealed": 1}
    somebody.kill()
    assert settle(desk, settings) == 3
    assert desk.states() == {"pending": 3}, "its journal is whole and names no dot"


def test_a_process_never_judges_itself(desk: Desk, settings: Settings, work: Work) -> None:
    road.under_way(3)
    work(desk.life.id, desk.life.host.id, boot_id())
    assert settle(desk, settings, own=desk.life.id) == 0
    assert desk.states() == {"claimed": 1, "open": 1, "sealed": 1}


def test_what_an_earlier_boot_had_sealed_is_uncertain(
    desk: Desk, settings: Settings, work: Work
) -> None:
    """The journal is not synced: after a reboot its silence proves nothing."""
    road.under_way(3)
    host, owner = Host.here(settings), uuid4()
    sealed = work(owner, host.id, "an earlier boot")
    host.journal_of(owner).write_text("B 1.0\n")
    assert settle(desk, settings) == 3
    assert desk.states() == {"pending": 2, "uncertain": 1}
    assert [r["id"] for r in desk.rows() if r["state"] == "uncertain"] == [sealed]


def test_another_hosts_rows_wait_for_an_operators_word(
    desk: Desk, settings: Settings, work: Work
) -> None:
    road.under_way(3)
    elsewhere = uuid4()
    work(uuid4(), elsewhere, boot_id())
    assert settle(desk, settings) == 0
    incarnations.fence_host(elsewhere)
    db.session.commit()
    assert settle(desk, settings) == 3
    assert desk.states() == {"pending": 2, "uncertain": 1}


def test_what_a_process_has_sealed_that_was_declared_dead_and_lives_is_uncertain(
    desk: Desk, settings: Settings, work: Work, environment: dict[str, str]
) -> None:
    """It may still write its dot: sent again, the person would have the message twice."""
    road.under_way(3)
    somebody = Somebody(environment)
    work(somebody.id, Host.here(settings).id, boot_id())
    incarnations.fence_host(Host.here(settings).id)
    db.session.commit()
    assert settle(desk, settings) == 3
    somebody.kill()
    assert desk.states() == {"pending": 2, "uncertain": 1}


def test_a_journal_that_cannot_be_read_keeps_off_nobody_elses(
    desk: Desk, settings: Settings, work: Work, environment: dict[str, str]
) -> None:
    road.under_way(6)
    host = Host.here(settings)
    first, second = Somebody(environment), Somebody(environment)
    for somebody in (first, second):
        work(somebody.id, host.id, boot_id())
        somebody.kill()
    journal = host.journal_of(first.id)
    journal.unlink()
    journal.mkdir()
    assert settle(desk, settings) == 3
    assert desk.states() == {"pending": 3, "claimed": 1, "open": 1, "sealed": 1}
    journal.rmdir()
    assert settle(desk, settings) == 3
    assert desk.states() == {"pending": 5, "uncertain": 1}, "a lost journal is not a whole one"


def test_a_torn_journal_does_not_end_the_sweep(
    desk: Desk, settings: Settings, work: Work, environment: dict[str, str]
) -> None:
    road.under_way(3)
    somebody = Somebody(environment)
    host = Host.here(settings)
    sealed = work(somebody.id, host.id, boot_id())
    somebody.kill()
    [claim] = [f"{row['id']} {row['fence']}" for row in desk.rows() if row["id"] == sealed]
    with host.journal_of(somebody.id).open("a") as journal:
        journal.write(f"D {str(uuid4())[:20]}\nD {claim} 1 00 1.0\nK {claim} 25")
    assert settle(desk, settings) == 3
    assert desk.states() == {"pending": 2, "uncertain": 1}


def test_one_step_that_fails_keeps_off_no_other(desk: Desk, settings: Settings) -> None:
    number, _ = road.under_way(1)
    assert deliver_all(desk, settings) == 1

    def fail() -> None:
        raise OperationalError("SELECT 1", {}, Exception("scripted"))

    sweep.move_on((fail, *sweep.OFTEN))
    assert road.outcomes(number)["state"] == "done"


def test_without_any_wake_up_a_campaign_is_released_claimed_and_finished(
    desk: Desk, settings: Settings
) -> None:
    road.subscribe(road.lay(), 3)
    number = road.campaign()
    dispatch.start(number, road.ACTOR)
    db.session.commit()
    desk.database.execute("UPDATE campaigns SET release_at = now() WHERE id = %s", [number])
    sweep.move_on()
    assert campaigns.find(number).state == "sending"
    db.session.commit()
    sweep.move_on()
    assert road.outcomes(number)["pending"] == 3, "nobody has claimed it yet"
    assert deliver_all(desk, settings) == 3
    sweep.move_on()
    assert road.outcomes(number)["state"] == "done"


def test_it_rings_for_what_is_due_and_only_then(
    app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr("mailing.base.jobs.ring_now", lambda *told: rung.append(told[1:]))
    number, _ = road.under_way(1)
    rung.clear()
    sweep.ring_for_the_due(desk.database)
    assert rung == [("kelisim.send", {})]
    rung.clear()
    halting.pause(number, road.ACTOR)
    db.session.commit()
    sweep.ring_for_the_due(desk.database)
    assert rung == []
    assert Path(desk.life.host.directory).is_dir()


def test_what_the_dead_left_is_rung_for_before_whatever_has_only_its_time(
    app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its steps came first, while nobody went on with it."""
    road.under_way(1)
    done: list[str] = []
    monkeypatch.setattr("mailing.base.jobs.ring_now", lambda _queue, name, _ids: done.append(name))
    monkeypatch.setattr(sweep, "settle_the_dead", lambda *_: 1)
    monkeypatch.setattr(sweep, "move_on", lambda _: done.append("move on"))
    assert sweeper._sweep(app, desk.database, is_time=False)
    assert done == ["kelisim.send", "move on", "kelisim.send"]
