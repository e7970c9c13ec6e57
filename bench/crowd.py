"""A crowd: up to millions of people with a yes each, laid by COPY.

The rows are those that the domain's own verbs write: addresses found by their keyed digest,
personal fields sealed, a ledger whose chains hold, the standings that follow from it. Through
the verbs themselves a million would take a quarter of an hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import psycopg

from bench.copying import Row, copy
from bench.ground import Ground, connection, settle
from bench.measure import demand
from bench.talk import say
from mailing.base import clock
from mailing.base.database import db
from mailing.base.sealing import digest
from mailing.base.settings import current
from mailing.people import evidence, ledger, signups, topics
from mailing.people.canonical import canonical
from mailing.people.ledger import SAYS, Kind
from mailing.people.standings import Change
from mailing.people.subscribers import Personal, Sealer
from tests import road

_STEP = 20_000
_TELL_EVERY = 100_000
_EVIDENCE: dict[str, object] = {}
_SAID = ((Kind.GIVEN, "form"), (Kind.UNSUBSCRIBED, "one-click"))


@dataclass
class Step:
    """The rows of some thousand people."""

    subscribers: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    standings: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Crowd:
    """What all of these people have said, and by which words."""

    policy_id: int
    topic_id: int
    evidence_hash: bytes
    at: datetime
    sealer: Sealer
    key: bytes

    def add(self, step: Step, number: int, entries: int) -> None:
        """One person with a yes, and with a no after it where there are two `entries`."""
        subscriber_id, head = uuid4(), b""
        for seq, (kind, source) in enumerate(_SAID[:entries], 1):
            step.ledger.append(self._entry(subscriber_id, seq, kind, source, head))
            head = step.ledger[-1]["hash"]
        step.subscribers.append(self._subscriber(subscriber_id, number, entries, head))

    def standing(self, entry: Row) -> Row:
        """What a person's last entry makes of their standing."""
        change = Change(
            subscriber_id=entry["subscriber_id"],
            topic_id=self.topic_id,
            standing=SAYS[Kind(entry["kind"])],
            policy_id=self.policy_id,
            entry_id=entry["id"],
            since=self.at,
            sign_up=signups.given(_EVIDENCE, self.at),
        )
        return change.values()

    def _subscriber(self, subscriber_id: UUID, number: int, seq: int, head: bytes) -> Row:
        # Read once by the domain's rules in `lay`; a million times they would take a minute.
        address = road.address(number)
        personal = Personal(address, given_name=f"Аты{number}").as_dict()
        return {
            "id": subscriber_id,
            "digest": digest(self.key, address),
            "provider": address.rpartition("@")[2],
            "language": "kk",
            "personal": self.sealer.seal(personal, subscriber_id.bytes),
            "ledger_seq": seq,
            "ledger_head": head,
        }

    def _entry(self, person: UUID, seq: int, kind: Kind, source: str, before: bytes) -> Row:
        row = {
            "subscriber_id": person,
            "seq": seq,
            "kind": kind.value,
            "topic_id": self.topic_id,
            "policy_id": self.policy_id,
            "source": source,
            "actor": "subscriber",
            "evidence_hash": self.evidence_hash,
            "at": self.at,
            "prev_hash": before,
        }
        return row | {"hash": ledger.entry_hash(row)}


def lay(place: Ground, policy_id: int, count: int, left_every: int = 0) -> int:
    """So many people who said yes to the news; how many of them stay.

    Each `left_every`th has left by one click (0: nobody).
    """
    first, last = road.address(0), road.address(count - 1)
    demand(all(canonical(a).text == a for a in (first, last)), "an address has another spelling")
    crowd, left = _crowd(policy_id), 0
    with connection(place) as database:
        for start in range(0, count, _STEP):
            step, numbers = Step(), range(start, min(start + _STEP, count))
            for number in numbers:
                leaves = bool(left_every) and number % left_every == 0
                crowd.add(step, number, 2 if leaves else 1)
                left += leaves
            _write(database, crowd, step)
            if numbers.stop % _TELL_EVERY == 0:
                say(f"{numbers.stop:,} of {count:,} people are laid")
    settle()
    return count - left


def _crowd(policy_id: int) -> Crowd:
    sealer = Sealer()
    sealer.seal({}, b"")  # notes the data key in the database, which `lay` goes around
    known = evidence.keep([_EVIDENCE])[0]
    topic_id = topics.find("news").id
    db.session.commit()
    key = current().suppression_key
    return Crowd(policy_id, topic_id, known, clock.now(), sealer, key)


def _write(database: psycopg.Connection, crowd: Crowd, step: Step) -> None:
    for entry, number in zip(step.ledger, _numbers(database, len(step.ledger)), strict=True):
        entry["id"] = number
    lasting = {entry["subscriber_id"]: entry for entry in step.ledger}
    step.standings = [crowd.standing(entry) for entry in lasting.values()]
    with database.transaction():
        copy(database, "subscribers", step.subscribers)
        copy(database, "ledger", step.ledger, id="int8")
        copy(database, "standings", step.standings)


def _numbers(database: psycopg.Connection, count: int) -> Iterator[int]:
    """So many ids of the ledger that nobody else gets."""
    row = database.execute("SELECT nextval('ledger_id_seq')").fetchone()
    first = row[0] if row else 0
    database.execute("SELECT setval('ledger_id_seq', %s)", [first + count - 1])
    return iter(range(first, first + count))
