"""The drill: the machine burns down in the middle of everything, and an old backup is all there is.

A world runs: real workers, a real relay, people who join, leave, withdraw and think better of it,
campaigns under way. A backup is taken at a random moment. Everything goes on. Then the database's
own directory is removed, the backup is restored on another PostgreSQL, with copies of the
withdrawal journal and the send journals, and everything goes on there.

The seed of the moment and of who does what is printed.
"""

import base64
import itertools
import os
import random
import secrets
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from console.postgresql import Cluster
from mailing.base import schema
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.settings import ROOT, load
from mailing.bootstrap import create_base
from mailing.campaigns import campaigns
from mailing.deliveries import dispatch, halting
from mailing.leaving import links, replay
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.scope import Scope
from mailing.people import ledger, subscribers
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind
from mailing.people.subscribers import Subscriber
from mailing.policies.versions import PolicyVersion
from mailing.requests import carrying, destructions, sweeping
from tests import road
from tests.peers.faults import Fault, Stage
from tests.peers.records import Received
from tests.peers.smtp_peer import SmtpPeer
from tests.peers.smtp_session import Offers
from tests.requests import destroying

COUNT = 300
KEYWORDS = ["SIZE 10485760", "8BITMIME", "SMTPUTF8", "PIPELINING"]


@dataclass
class World:
    """One PostgreSQL, its application, and what its worker needs. `left` says since when (on the
    clock of this machine) an address has been out of which topic, and `named` what the answer
    named as past recall. `gone` are those whose data were destroyed."""

    place: Path
    cluster: Cluster
    environment: dict[str, str]
    peer: SmtpPeer
    dice: random.Random
    app: Flask
    left: dict[tuple[str, str], float] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    gone: list[UUID] = field(default_factory=list)

    def kelisim(self, *words: str) -> str:
        """A command, as the engineer on duty types it."""
        done = subprocess.run(
            [sys.executable, "-m", "console.cli", *words, "--json"],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def leaves(self, number: int, ids: list[UUID], kind: str) -> None:
        """One person goes, in one of the ways that there are; noted once they are answered."""
        if kind == "one-click":
            receipt = links.by_token(road.leave_token(ids[number]), 1.0)
        else:
            wish = Leaving(ids[number], Scope.everything(), Kind(kind), "page", patience=1.0)
            receipt = leave(wish)
        assert receipt is not None
        self.named |= {one["message_id"] for one in receipt.in_flight}
        for topic in ("news", "offers") if kind != "one-click" else ("news",):
            self.left.setdefault((road.address(number), topic), time.monotonic())

    def is_destroyed(self, number: int, ids: list[UUID]) -> None:
        """One person withdraws, and their data go, once no message of theirs is under way."""
        self.leaves(number, ids, "withdrawn")
        asked = destroying.granted(ids[number])
        road.wait_for(lambda: _carried_out(asked.id))
        self.gone.append(ids[number])

    def returns(self, number: int, ids: list[UUID]) -> None:
        """And takes it back."""
        self.left.pop((road.address(number), "news"), None)
        assert links.undo(road.leave_token(ids[number]))


@contextmanager
def world(
    place: Path, peer: SmtpPeer, keys: dict[str, str], dice: random.Random
) -> Iterator[World]:
    """A machine of its own, as far as data go."""
    with ExitStack() as stack:
        (place / "services").mkdir(parents=True, mode=0o755)
        cluster = Cluster(place / "services" / "data", "secret")
        stack.callback(cluster.stop)
        cluster.start()
        environment = keys | {
            "KELISIM_DATABASE_URL": cluster.url(),
            "KELISIM_VAR": str(place / "var"),
            "KELISIM_SMTP_URL": peer.url,
        }
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in [name for name in os.environ if name.startswith("KELISIM_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        app = create_base(load(_env_file=None))
        stack.enter_context(app.app_context())
        stack.callback(db.engine.dispose)
        stack.callback(db.session.remove)
        yield World(place, cluster, environment, peer, dice, app)


@pytest.fixture
def keys(services: Any) -> dict[str, str]:
    """What the operator keeps in a safe, and settings that both machines share."""

    def fresh() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return {
        "KELISIM_REDIS_URL": services.redis_url,
        "KELISIM_SECRET_KEYS": secrets.token_urlsafe(32),
        "KELISIM_DATA_KEY": fresh(),
        "KELISIM_SUPPRESSION_KEY": fresh(),
        "KELISIM_FROM": "Glazik <news@glazik.example>",
        "KELISIM_BOUNCE_DOMAIN": "bounce.glazik.example",
        "KELISIM_HELPDESK_ADDRESS": "helpdesk@glazik.example",
        "KELISIM_OPERATOR_NAME": "Glazik Kazakhstan LLP",
        "KELISIM_OPERATOR_BIN": "123456789012",
        "KELISIM_OPERATOR_ADDRESS": "1 Sample Street, Astana",
        "KELISIM_SMTP_CONNECTIONS": "4",
        "KELISIM_SEND_BATCH": "50",
        "KELISIM_RETRY_MINUTES": "0",
        "KELISIM_LOG_LEVEL": "warning",
    }


def test_an_old_backup_brings_nobody_back_and_mails_nobody_twice(
    keys: dict[str, str], queue_prefix: str, tmp_path: Path
) -> None:
    """T13, T19, T25, T44, T57, with everything real."""
    drill(keys | {"KELISIM_QUEUE_PREFIX": queue_prefix}, tmp_path, random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(12))
def test_the_drill_at_other_moments(
    keys: dict[str, str], queue_prefix: str, tmp_path: Path, seed: int
) -> None:
    drill(keys | {"KELISIM_QUEUE_PREFIX": queue_prefix}, tmp_path, seed)


def drill(keys: dict[str, str], place: Path, seed: int) -> None:
    sys.stdout.write(f"seed {seed}\n")
    dice = random.Random(seed)
    # A relay that takes its time, so that there are moments to choose from.
    relay = SmtpPeer(Fault(Stage.DOT, wait=0.06), offers=Offers(keywords=KEYWORDS))
    safe = place / "safe"
    with relay as peer:
        with world(place / "first", peer, keys, dice) as first:
            numbers, lost = burning(first, safe)
            before = first.left, first.named, first.gone
        # Nothing of the machine is left: not its database, not its directory.
        shutil.rmtree(place / "first")
        peer.heal()
        with world(place / "second", peer, keys, dice) as second:
            second.left, second.named, second.gone = before
            rebuilt(second, safe, numbers, lost)
        judge(second, peer.accepted)


def burning(here: World, safe: Path) -> tuple[list[int], list[str]]:
    """The life of the first machine, to its end; its campaigns, and the addresses whose yes came
    after the backup. What an operator copies away lies in `safe`."""
    schema.upgrade(here.environment["KELISIM_DATABASE_URL"])
    replay.run()
    policy = road.lay()
    ids = road.subscribe(policy, COUNT)
    road.say_yes(policy, ids, "offers")
    numbers = [road.campaign(), road.campaign("offers"), road.campaign(), road.campaign("offers")]
    with road.working(here.environment, here.place / "worker.log") as worker:
        road.start(numbers[0])
        road.start(numbers[1])
        # This one is in its holding window, that one a draft, when the backup is taken.
        dispatch.start(numbers[2], road.ACTOR)
        db.session.commit()
        people = iter(here.dice.sample(range(COUNT), 60))
        at = here.dice.randrange(1, COUNT)
        leave_until(here, ids, people, at)
        here.kelisim("backup", str(safe / "backup"))
        lost = go_on(here, policy, ids, people, numbers)
        worker.kill()
    for name in ("journal", "sending", "backup-keys"):
        shutil.copytree(here.place / "var" / name, safe / name)
    db.session.remove()
    db.engine.dispose()
    here.cluster.stop()
    return numbers, lost


def leave_until(here: World, ids: list[UUID], people: Iterator[int], sent: int) -> None:
    """Some leave while the campaigns go out; then so many messages have left."""
    for number in itertools.islice(people, here.dice.randrange(2, 9)):
        here.leaves(number, ids, here.dice.choice(("one-click", "withdrawn", "blocked")))
    road.wait_for(lambda: len(here.peer.accepted) >= sent)


def go_on(
    here: World, policy: PolicyVersion, ids: list[UUID], people: Iterator[int], numbers: list[int]
) -> list[str]:
    """After the backup: more leave, some return, somebody is destroyed, new people come, the others
    are sent."""
    kinds = ["one-click", "withdrawn", "blocked", "unsubscribed"] * 2
    for number, kind in zip(people, kinds, strict=False):
        here.leaves(number, ids, kind)
    undone = next(people)
    here.leaves(undone, ids, "one-click")
    here.returns(undone, ids)
    # An undo is lost with the database, and is not guessed: from then on they get no news.
    here.left[road.address(undone), "news"] = float("inf")
    here.is_destroyed(next(people), ids)
    new = road.subscribe(policy, 5, first=COUNT)
    here.leaves(COUNT, [*ids, *new], "one-click")
    dispatch.send_now(numbers[2], road.ACTOR)
    db.session.commit()
    road.start(numbers[3])
    sent = len(here.peer.accepted)
    more = here.dice.randrange(20, COUNT)
    road.wait_for(lambda: len(here.peer.accepted) >= sent + more or _all_done(numbers))
    return [road.address(number) for number in range(COUNT, COUNT + 5)]


def _all_done(numbers: list[int]) -> bool:
    db.session.rollback()
    return all(campaigns.find(number).state == "done" for number in numbers)


def rebuilt(here: World, safe: Path, numbers: list[int], lost: list[str]) -> None:
    """The second machine: restore, look, go on."""
    restore = ["restore", str(safe / "backup"), "--journal", str(safe / "journal")]
    here.kelisim(*restore, "--sending", str(safe / "sending"), "--key", str(safe / "backup-keys"))
    # Whoever thought better of it is out again, from now on.
    now = time.monotonic()
    here.left = {one: min(at, now) for one, at in here.left.items()}
    for address in lost:
        found = subscribers.find(canonical(address))
        assert found is None or found.personal is None, address
    destroyed_again(here)
    states = [campaigns.find(number).state for number in numbers]
    assert set(states[:2]) <= {"paused", "done"}
    assert states[2] == "paused"
    assert states[3] in ("stopped", "draft")
    assert list(ledger.verify()) == []
    db.session.remove()
    before = len(here.peer.accepted)
    with road.working(here.environment, here.place / "worker.log"):
        # Nothing leaves before a person says so, whatever the worker does meanwhile.
        road.wait_for(lambda: _has_worked(here))
        assert len(here.peer.accepted) == before
        here.kelisim("sending", "on")
        for number in [one for one, was in zip(numbers, states, strict=True) if was == "paused"]:
            halting.resume(number, road.ACTOR)
        db.session.commit()
        links.by_token(road.leave_token(_somebody(here)), 1.0)
        done = [road.wait_until_done(number) for number in numbers[:3]]
    assert here.kelisim("ledger", "verify")
    assert sum(one["accepted"] for one in done) > 0
    assert list(ledger.verify()) == []


def destroyed_again(here: World) -> None:
    """The backup held them; the line in the journal alone destroys them once more, unasked."""
    assert here.gone
    assert all(_is_named(one) for one in here.gone)
    sweeping.run()
    assert not any(_is_named(one) for one in here.gone)
    for one in here.gone:
        assert [found.state for found in destructions.of_subscriber(one)] == ["done"]
    db.session.rollback()


def _is_named(subscriber_id: UUID) -> bool:
    query = select(Subscriber.personal).where(Subscriber.id == subscriber_id)
    return db.session.scalars(query).one() is not None


def _carried_out(request_id: int) -> bool:
    """Not while a message of theirs is in the relay's hands."""
    try:
        carrying.carry_out(request_id, destroying.OFFICER)
    except Conflict:
        db.session.rollback()
        return False
    return True


def _has_worked(here: World) -> bool:
    """Its sweep has been round at least once: the sign is the directory of its host."""
    return (here.place / "var" / "sending" / "host").exists()


def _somebody(here: World) -> UUID:
    query = "SELECT subscriber_id FROM standings WHERE standing = 'given' LIMIT 1"
    found: UUID = db.session.scalars(text(query)).one()
    db.session.rollback()
    return found


def judge(here: World, messages: list[Received]) -> None:
    """By the relay's own records alone: nobody twice, nobody after their no."""
    got: dict[str, Counter[str]] = defaultdict(Counter)
    for message in messages:
        raw = message_from_bytes(message.raw)
        address, campaign = message.recipients[0], str(raw["Feedback-ID"])
        topic = "offers" if "offers" in str(raw["List-Id"]) else "news"
        got[campaign][address] += 1
        at = here.left.get((address, topic), float("inf"))
        message_id = str(raw["Message-ID"]).strip("<>")
        assert message.dot_at is not None
        assert message.dot_at < at or message_id in here.named, (address, topic)
    assert len(got) >= 3
    twice = {(c, a): n for c, people in got.items() for a, n in people.items() if n > 1}
    assert twice == {}
