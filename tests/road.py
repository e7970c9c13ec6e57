"""The main road for tests: an operator's policy, topics and a form, people who said yes, a worker.

`lay` and `subscribe` go through the domain's own verbs, so what they make is what users make.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import insert, select

from mailing.base.database import db, dsn
from mailing.base.settings import ROOT, current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.campaigns.content import Content
from mailing.deliveries import dispatch, drafts, queue, status
from mailing.deliveries.deliveries import Delivery
from mailing.people import forms, ledger, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import Personal, Sealer, Subscriber, digest_of
from mailing.policies import versions
from mailing.policies.versions import NewText, PolicyVersion
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

POLICY = Path(__file__).parent / "data" / "policy-kk.txt"
ACTOR = Actor("test", Role.ADMIN)
BODY = "Сәлем, {{ given_name|default('оқырман') }}!\n\n[Жаңалықтар](https://glazik.example/news)"


def lay() -> PolicyVersion:
    """The operator's published policy, two topics, and a form that offers both."""
    kept = versions.import_text(POLICY.read_bytes(), NewText("kk", date(2024, 10, 1)))
    policy = versions.publish(versions.find(kept.policy_id))
    topics.add("news", "products_services", "Жаңалықтар", "Новости", "News")
    topics.add("offers", "special_offers", "Ұсыныстар", "Предложения", "Offers")
    forms.add("site", ["http://glazik.example"], ["news", "offers"])
    db.session.commit()
    return policy


def address(number: int) -> str:
    """The address of an invented person."""
    return f"person{number}@example.com"


def subscribe(policy: PolicyVersion, count: int, topic: str = "news", first: int = 0) -> list[UUID]:
    """So many people, each with a yes to the topic in the ledger; their ids in order."""
    ids = [uuid4() for _ in range(count)]
    sealer = Sealer()
    rows = []
    for number, subscriber_id in enumerate(ids, first):
        found = canonical(address(number))
        personal = Personal(found.display, given_name=f"Аты{number}").as_dict()
        rows.append(
            {
                "id": subscriber_id,
                "digest": digest_of(found),
                "provider": found.provider,
                "language": "kk",
                "personal": sealer.seal(personal, subscriber_id.bytes),
            }
        )
    db.session.execute(insert(Subscriber), rows)
    say_yes(policy, ids, topic)
    return ids


def say_yes(policy: PolicyVersion, ids: list[UUID], topic: str = "news") -> None:
    """A `given` for each of these people."""
    topic_id = topics.find(topic).id
    ledger.append_many(
        [NewEntry(i, Kind.GIVEN, topic_id, policy.id, "form", "subscriber") for i in ids]
    )
    db.session.commit()


def campaign(topic: str = "news", subject: str = "Қараша жаңалықтары", body: str = BODY) -> int:
    """A draft; its number."""
    draft = drafts.create(topic, Content("kk", subject, body), ACTOR)
    db.session.commit()
    return draft.id


def under_way(count: int, topic: str = "news") -> tuple[int, list[UUID]]:
    """A campaign that is sending, with every delivery written; its number and its people."""
    ids = subscribe(lay(), count, topic)
    return another(topic), ids


def another(topic: str = "news") -> int:
    """One more campaign to the same people, under way."""
    number = campaign(topic)
    start(number)
    write_out()
    return number


def write_out() -> None:
    """Write every delivery that is due, as pending: somebody claims all and gives it back."""
    with psycopg.connect(dsn(current().database), autocommit=True) as database:
        owner = uuid4()
        with database.transaction():
            claims = queue.claim(database, owner, 10_000_000)
            queue.put_back(database, owner, [claim.delivery_id for claim in claims])
            queue.release(database, owner)


def make_due(database: psycopg.Connection) -> None:
    """Let the time of every retry have come."""
    database.execute("UPDATE deliveries SET retry_at = now() WHERE state = 'deferred'")
    database.execute(
        "UPDATE batches b SET due_at = now(), finished_at = NULL FROM deliveries d "
        "WHERE d.batch_id = b.id AND d.state IN ('pending', 'deferred')"
    )


def start(campaign_id: int) -> int:
    """Start at once; how many will receive it."""
    started = dispatch.start(campaign_id, ACTOR, now=True)
    db.session.commit()
    return started.will_receive


def leave_token(subscriber_id: UUID, topic: str = "news") -> str:
    """The token of a link to leave."""
    token = LeaveToken(subscriber_id, topics.find(topic).id, UUID(int=0))
    return token.text(link_keys(current().secret_keys))


def link_in_mail(subscriber_id: UUID) -> str:
    """The token of the way out in the newest campaign message to somebody."""
    query = select(Delivery).where(
        Delivery.subscriber_id == subscriber_id, Delivery.campaign_id.is_not(None)
    )
    sent = db.session.scalars(query.order_by(Delivery.created_at.desc()).limit(1)).one()
    token = LeaveToken(subscriber_id, sent.topic_id, sent.id)
    return token.text(link_keys(current().secret_keys))


def outcomes(campaign_id: int) -> dict[str, Any]:
    """The outcomes of a campaign, after checking that they add up to its audience."""
    told = status.status(campaign_id)
    counted = told["outcomes"]
    held = sum(counted["held"].values())
    others = sum(number for name, number in counted.items() if name != "held")
    assert held + others == told["audience"], told
    return {**counted, "state": told["state"], "audience": told["audience"]}


def wait_for(what: Callable[[], Any], seconds: float = 120.0, every: float = 0.05) -> Any:
    """Wait until something is true; what it was. Fails with what it was last."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {found!r}"
        time.sleep(every)


def is_waited_for(connection: psycopg.Connection) -> bool:
    """Whether somebody waits for what this connection holds."""
    query = """
        SELECT count(*) > 0 FROM pg_locks
        WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
    """
    return connection.execute(query).fetchone() == (True,)


def wait_until_done(campaign_id: int, seconds: float = 180.0) -> dict[str, Any]:
    """Wait until a campaign is done; its outcomes."""

    def done() -> dict[str, Any] | None:
        found = outcomes(campaign_id)
        return found if found["state"] == "done" else None

    found: dict[str, Any] = wait_for(done, seconds)
    return found


def wait_until_settled(environment: dict[str, str], seconds: float = 120.0) -> None:
    """Wait until nothing is in work."""
    with psycopg.connect(dsn(environment["KELISIM_DATABASE_URL"]), autocommit=True) as database:
        query = (
            "SELECT count(*) = 0 FROM deliveries "
            "WHERE state IN ('claimed', 'open', 'sealed', 'aborting')"
        )
        wait_for(lambda: (database.execute(query).fetchone() or [False])[0], seconds)


class Worker:
    """A real worker process with its children, in a process group of its own."""

    def __init__(self, environment: dict[str, str], log: Path, concurrency: int = 2) -> None:
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "worker", "--concurrency", str(concurrency)],
                cwd=ROOT,
                env=os.environ | environment,
                stdout=file,
                stderr=file,
                process_group=0,
            )

    def kill(self) -> None:
        """SIGKILL to the whole group: worker, children and sweeper at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)

    def end(self) -> int:
        """SIGTERM as a supervisor sends it; the exit code."""
        self.process.terminate()
        code = self.process.wait(120)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return code


@contextmanager
def working(environment: dict[str, str], log: Path, concurrency: int = 2) -> Iterator[Worker]:
    """A worker for as long as the block lasts."""
    worker = Worker(environment, log, concurrency)
    try:
        yield worker
    except BaseException:
        worker.kill()
        raise
    finally:
        if worker.process.poll() is None:
            worker.end()
