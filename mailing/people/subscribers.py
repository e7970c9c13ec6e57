"""Subscribers: a person known by one address.

The row holds the keyed digest that finds it, the provider's domain for pacing, and one
sealed value with everything that names the person.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.arrays import array_of, ids, octets
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.installation import note_data_key
from mailing.base.languages import LANGUAGE_IS_A_TAG, LANGUAGES
from mailing.base.roundtrip import Said
from mailing.base.saying import ask
from mailing.base.sealing import digest, keyring
from mailing.base.settings import Settings, current
from mailing.people.address import Address

At = TIMESTAMP(timezone=True)

_IS_HERE = text("personal IS NOT NULL")
_IS_BLOCKED = text("blocked_at IS NOT NULL")
_IS_PAUSED = text("paused_until IS NOT NULL")
_IS_GONE = text("personal IS NULL")


class Subscriber(Table):
    """One person; every "no" touches this row first, so that it is ordered against the gate."""

    __tablename__ = "subscribers"
    __table_args__ = (
        UniqueConstraint("digest", name="subscriber_address_is_unique"),
        CheckConstraint(LANGUAGE_IS_A_TAG, name="subscriber_language_is_known"),
        # By these people are listed (listed.py); of the few who are blocked or paused, those alone.
        Index("subscribers_by_time", "created_at", "id", postgresql_where=_IS_HERE),
        Index("subscribers_by_provider", "provider", "created_at", "id", postgresql_where=_IS_HERE),
        Index("subscribers_blocked", "created_at", "id", postgresql_where=_IS_BLOCKED),
        Index("subscribers_paused", "created_at", "id", postgresql_where=_IS_PAUSED),
        # An audience leaves these out without a look at everybody else (verdict_of_many).
        Index("subscribers_gone", "id", postgresql_where=_IS_GONE),
    )

    id: Mapped[UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()"), info=DEPERSONALISED
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary, info=DEPERSONALISED)
    provider: Mapped[str] = mapped_column(Text, info=PERSONAL)
    language: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    personal: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    blocked_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    paused_until: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    ledger_seq: Mapped[int] = mapped_column(Integer, server_default=text("0"), info=OPERATIONAL)
    ledger_head: Mapped[bytes] = mapped_column(
        LargeBinary, server_default=text("'\\x'"), info=OPERATIONAL
    )
    created_at: Mapped[datetime] = mapped_column(At, server_default=sql.now(), info=OPERATIONAL)


@dataclass(frozen=True)
class Personal:
    """What names a person: the closed list of policy 3.1 to 3.3."""

    email: str
    surname: str = ""
    given_name: str = ""
    patronymic: str = ""
    phone: str = ""

    def with_fields(self, given: dict[str, str]) -> "Personal":
        """The same person with the non-empty of these fields taken over."""
        held = vars(self)
        kept = {
            n: value for n, value in given.items() if n in _TAKEN and value not in ("", held[n])
        }
        return Personal(**(held | kept)) if kept else self

    def at(self, email: str) -> "Personal":
        """The same person at another address."""
        return Personal(**(self.as_dict() | {"email": email}))

    def as_dict(self) -> dict[str, str]:
        """The fields by name."""
        return dict(vars(self))


_TAKEN = frozenset(one.name for one in fields(Personal)) - {"email"}

_DECODER = json.JSONDecoder()
# Made once: `json.dumps` with options makes one at each call.
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Sealer:
    """Seals and opens personal values under the data-key ring."""

    settings: Settings = field(default_factory=current)

    def seal(self, value: dict[str, Any], about: bytes) -> bytes:
        """A JSON object, sealed to what it is about."""
        return self.seal_all([(value, about)])[0]

    def seal_all(self, values: list[tuple[dict[str, Any], bytes]]) -> list[bytes]:
        """The same for many, each with what it is about."""
        note_data_key()
        ring = keyring(self.settings.data_key)
        return [ring.encrypt(_ENCODER.encode(value).encode(), about) for value, about in values]

    def open(self, sealed: bytes, about: bytes) -> dict[str, Any]:
        """The object that `seal` took."""
        plain = keyring(self.settings.data_key).decrypt(sealed, about).decode()
        # What was sealed is one object and nothing around it: 0.8 µs, where `loads` takes 1.8.
        value: dict[str, Any] = _DECODER.raw_decode(plain)[0]
        return value


def digest_of(address: Address) -> bytes:
    """The keyed digest by which an address is found and suppressed."""
    return digest(current().suppression_key, address.text)


def find(address: Address) -> Subscriber | None:
    """The subscriber of this address."""
    query = select(Subscriber).where(Subscriber.digest == digest_of(address))
    return db.session.execute(query).scalar_one_or_none()


def lock(subscriber_id: UUID) -> Subscriber | None:
    """The subscriber, held against every gate and every other act until the commit."""
    query = select(Subscriber).where(Subscriber.id == subscriber_id).with_for_update()
    return db.session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


class Held(NamedTuple):
    """What an act needs of a row that it holds, against every gate and every other act."""

    id: UUID
    digest: bytes
    blocked_at: datetime | None
    ledger_seq: int
    ledger_head: bytes


# Held in the order of their ids, so that two who hold many never wait for each other.
_HOLD = """
    SELECT id, digest, blocked_at, ledger_seq, ledger_head FROM subscribers
    WHERE {which} ORDER BY id FOR UPDATE
"""
_BY_ID = _HOLD.format(which="id = ANY (%(ids)s::uuid[])")
_BY_DIGEST = _HOLD.format(which="digest = %(digest)s::bytea")


def holding(subscriber_ids: Iterable[UUID]) -> Said:
    """What holds these people until the commit, for whoever says more with it; each row is a
    `Held`."""
    return Said(_BY_ID, {"ids": ids(subscriber_ids)})


def hold(subscriber_ids: Iterable[UUID]) -> dict[UUID, Held]:
    """The rows of those of these people who are known, by id, held until the commit."""
    return {row[0]: Held._make(row) for row in ask(holding(subscriber_ids))[0]}


def hold_by_digest(digest: bytes) -> Held | None:
    """The same of whoever has the address of this digest."""
    found = ask(Said(_BY_DIGEST, {"digest": octets(digest)}))[0]
    return Held._make(found[0]) if found else None


_BLOCK = """
    UPDATE subscribers SET blocked_at = %(at)s::timestamptz
    WHERE id = ANY (%(ids)s::uuid[]) AND blocked_at IS NULL
"""


def blocking(subscriber_ids: Iterable[UUID]) -> Said:
    """What blocks these people, whose rows are held, but those who are blocked already."""
    return Said(_BLOCK, {"ids": ids(subscriber_ids), "at": clock.now().isoformat()})


def create(address: Address, language: str) -> Subscriber:
    """The subscriber of this address, made where there is none; locked. Two at once make one.

    Of whoever had said no before they ever said yes the digest alone was kept (people/expiry.py):
    they are named again here, and their "no" stands.
    """
    created = uuid4()
    db.session.execute(
        text(
            "INSERT INTO subscribers (id, digest, provider, language, personal) VALUES "
            "(:id, :digest, :provider, :language, :personal) ON CONFLICT (digest) DO NOTHING"
        ),
        {
            "id": created,
            "digest": digest_of(address),
            "provider": address.provider,
            "language": language,
            "personal": Sealer().seal(Personal(address.display).as_dict(), created.bytes),
        },
    )
    found = find(address)
    held = lock(found.id) if found else None
    if held is None:
        raise RuntimeError("the subscriber that was just made is gone")
    if is_forgotten(held):
        keep_personal(held, Personal(address.display))
        held.provider = address.provider
    return held


def remember(people: Mapping[UUID, bytes]) -> None:
    """Keep a row with nothing but the digest for each of these ids, so that their "no" has a place;
    an id or an address that is known already stays as it is."""
    db.session.execute(
        text(
            "INSERT INTO subscribers (id, digest, provider, language) "
            "SELECT id, digest, '', :language "
            "FROM unnest(CAST(:ids AS uuid[]), CAST(:digests AS bytea[])) AS n (id, digest) "
            "ON CONFLICT DO NOTHING"
        ),
        {"ids": array_of(people), "digests": array_of(people.values()), "language": LANGUAGES[0]},
    )


# All that they ever said is a "no" to a question, and no more than that is kept.
_FORGOTTEN = """(
    EXISTS (SELECT FROM ledger e WHERE e.subscriber_id = subscribers.id AND e.kind = 'unsubscribed')
    AND NOT EXISTS (SELECT FROM ledger e WHERE e.subscriber_id = subscribers.id
                    AND e.kind NOT IN ('requested', 'unsubscribed')))"""


_LET_GO = f"""
    UPDATE subscribers SET digest = :fresh
    WHERE digest = :digest AND personal IS NULL AND NOT {_FORGOTTEN}
"""  # noqa: S608 - the condition is ours


def is_forgotten(subscriber: Subscriber) -> bool:
    """Whether they never said yes, said no, and nothing but the digest is kept of them."""
    if subscriber.personal is not None:
        return False
    query = f"SELECT EXISTS (SELECT FROM subscribers WHERE id = :id AND {_FORGOTTEN})"  # noqa: S608
    return bool(db.session.scalar(text(query), {"id": subscriber.id}))


def let_go(address: Address) -> None:
    """Let an address be somebody new's, where whoever it was has been destroyed: nothing leads from
    the one to the other, and what keeps the address out stays."""
    db.session.execute(
        text(_LET_GO), {"fresh": secrets.token_bytes(32), "digest": digest_of(address)}
    )


def personal_of(subscriber: Subscriber) -> Personal | None:
    """What names this person; None once it has been destroyed."""
    if subscriber.personal is None:
        return None
    return Personal(**Sealer().open(subscriber.personal, subscriber.id.bytes))


def keep_personal(subscriber: Subscriber, personal: Personal) -> None:
    """Store what names this person."""
    subscriber.personal = Sealer().seal(personal.as_dict(), subscriber.id.bytes)
