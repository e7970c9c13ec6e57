"""The rows of bundles: for whom, how far, until when. The file lies beside them, sealed in pieces,
until it is taken or its time is over. Nobody but these verbs changes a row.

`waiting → making → ready → released → taken | expired`; what somebody asks for by their own fresh
link is released by itself, what an officer has made waits for the officer's release.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    delete,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base import clock
from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Conflict, Missing
from mailing.base.installation import note_data_key
from mailing.base.jobs import BUNDLE, ring
from mailing.base.sealing import keyring
from mailing.base.settings import current
from mailing.people.subscribers import Sealer
from mailing.requests.bundles.archive import Packed

At = TIMESTAMP(timezone=True)
PIECE = 1 << 20
LASTS = timedelta(days=7)
WAITS_FOR_RELEASE = timedelta(days=30)
MOST_TRIES = 5


class State(StrEnum):
    """Where a bundle stands."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    RELEASED = "released"
    TAKEN = "taken"
    EXPIRED = "expired"
    FAILED = "failed"


UNMADE = (State.WAITING, State.MAKING)
HELD = (*UNMADE, State.READY, State.RELEASED)


class Bundle(Table):
    """One bundle. `left_out` says, sealed to the row, which parts an officer left out and why."""

    __tablename__ = "bundles"
    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'making', 'ready', 'released', 'taken', 'expired', 'failed')",
            name="bundle_state_is_known",
        ),
        CheckConstraint(
            "state <> 'released' OR (expires_at IS NOT NULL AND delivery_id IS NOT NULL)",
            name="released_bundle_has_a_link_and_an_end",
        ),
        Index("bundles_of_subscriber", "subscriber_id"),
        Index("bundles_of_request", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=OPERATIONAL)
    subscriber_id: Mapped[UUID] = mapped_column(ForeignKey("subscribers.id"), info=DEPERSONALISED)
    request_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("requests.id"), info=OPERATIONAL
    )
    state: Mapped[str] = mapped_column(Text, info=OPERATIONAL)
    is_by_person: Mapped[bool] = mapped_column(Boolean, info=OPERATIONAL)
    left_out: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"), info=OPERATIONAL)
    steps: Mapped[int] = mapped_column(Integer, server_default=text("0"), info=OPERATIONAL)
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"), info=OPERATIONAL)
    files: Mapped[int | None] = mapped_column(Integer, info=OPERATIONAL)
    size: Mapped[int | None] = mapped_column(BigInteger, info=OPERATIONAL)
    sha256: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    delivery_id: Mapped[UUID | None] = mapped_column(info=OPERATIONAL)
    created_at: Mapped[datetime] = mapped_column(At, info=OPERATIONAL)
    made_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    released_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    expires_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)
    taken_at: Mapped[datetime | None] = mapped_column(At, info=OPERATIONAL)

    @property
    def what_is_left_out(self) -> tuple[frozenset[str], str]:
        """The parts that an officer left out, and the reason."""
        if self.left_out is None:
            return frozenset(), ""
        kept = Sealer().open(self.left_out, self.id.bytes)
        return frozenset(kept["parts"]), kept["reason"]


class BundlePiece(Table):
    """A piece of a bundle's file, sealed to the bundle and its place."""

    __tablename__ = "bundle_pieces"

    bundle_id: Mapped[UUID] = mapped_column(
        ForeignKey("bundles.id", ondelete="CASCADE"), primary_key=True, info=OPERATIONAL
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, info=OPERATIONAL)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)


@dataclass(frozen=True)
class NewBundle:
    """A bundle about to be asked for: by an officer for a request, or by the person."""

    subscriber_id: UUID
    request_id: int | None = None
    is_by_person: bool = False


def ask(new: NewBundle) -> Bundle:
    """Have one made; the one that is being made, or waits, where there is one. Never commits."""
    found = _unfinished(new)
    if found is not None:
        return found
    bundle = Bundle(
        id=uuid4(),
        **vars(new),
        state=State.WAITING.value,
        done=0,
        steps=0,
        tries=0,
        created_at=clock.now(),
    )
    db.session.add(bundle)
    db.session.flush()
    ring(BUNDLE, bundle_id=str(bundle.id))
    return bundle


def find(bundle_id: UUID) -> Bundle:
    """Raises Missing."""
    found = db.session.get(Bundle, bundle_id, populate_existing=True)
    if found is None:
        raise Missing("There is no such bundle.")
    return found


def lock(bundle_id: UUID) -> Bundle:
    """The bundle, held against every other act until the commit; raises Missing."""
    query = select(Bundle).where(Bundle.id == bundle_id).with_for_update()
    found = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise Missing("There is no such bundle.")
    return found


def of_delivery(delivery_id: UUID) -> Bundle | None:
    """The bundle whose link a message carries."""
    return db.session.scalars(select(Bundle).where(Bundle.delivery_id == delivery_id)).one_or_none()


def of_request(request_id: int) -> list[Bundle]:
    """The bundles that were made for a request, the newest first."""
    query = select(Bundle).where(Bundle.request_id == request_id)
    return list(db.session.scalars(query.order_by(Bundle.created_at.desc())))


def newest_by(subscriber_id: UUID) -> Bundle | None:
    """The one that a person asked for last by themselves."""
    query = select(Bundle).where(Bundle.subscriber_id == subscriber_id, Bundle.is_by_person)
    return db.session.scalars(query.order_by(Bundle.created_at.desc()).limit(1)).one_or_none()


def due() -> list[UUID]:
    """Those that wait for a worker, or whose worker has died."""
    query = select(Bundle.id).where(Bundle.state.in_(UNMADE)).order_by(Bundle.created_at)
    return list(db.session.scalars(query))


def again(bundle: Bundle, left_out: dict[str, Any]) -> None:
    """Have it made once more without these parts; what was made before is destroyed."""
    if bundle.state not in (State.READY, State.FAILED):
        raise Conflict("This bundle is on its way or over. Make another one.")
    bundle.left_out = Sealer().seal(left_out, bundle.id.bytes)
    bundle.state, bundle.done, bundle.tries = State.WAITING.value, 0, 0
    destroy_file(bundle.id)
    ring(BUNDLE, bundle_id=str(bundle.id))


def keep_file(bundle: Bundle, packed: Packed) -> None:
    """Keep the finished file, sealed, in place of whatever was there."""
    note_data_key()
    destroy_file(bundle.id)
    ring_of_keys = keyring(current().data_key)
    for number, start in enumerate(range(0, len(packed.octets), PIECE)):
        piece = packed.octets[start : start + PIECE]
        sealed = ring_of_keys.encrypt(piece, _about(bundle.id, number))
        db.session.add(BundlePiece(bundle_id=bundle.id, number=number, sealed=sealed))
    bundle.size, bundle.sha256 = len(packed.octets), packed.sha256
    bundle.files, bundle.made_at = len(packed.files), clock.now()


def file_of(bundle_id: UUID) -> bytes:
    """The file, opened."""
    query = select(BundlePiece).where(BundlePiece.bundle_id == bundle_id)
    keys = keyring(current().data_key)
    return b"".join(
        keys.decrypt(one.sealed, _about(bundle_id, one.number))
        for one in db.session.scalars(query.order_by(BundlePiece.number))
    )


def destroy_file(bundle_id: UUID) -> None:
    """Destroy what was kept of the file."""
    db.session.execute(delete(BundlePiece).where(BundlePiece.bundle_id == bundle_id))


def expire() -> int:
    """End those whose time is over, and destroy their files; how many. Never commits."""
    now = clock.now()
    over = select(Bundle).where(
        ((Bundle.state == State.RELEASED.value) & (Bundle.expires_at <= now))
        | ((Bundle.state == State.READY.value) & (Bundle.made_at <= now - WAITS_FOR_RELEASE))
    )
    found = list(db.session.scalars(over.with_for_update(skip_locked=True)))
    for bundle in found:
        bundle.state = State.EXPIRED.value
        destroy_file(bundle.id)
    return len(found)


def _unfinished(new: NewBundle) -> Bundle | None:
    query = select(Bundle).where(
        Bundle.subscriber_id == new.subscriber_id,
        Bundle.is_by_person.is_(new.is_by_person),
        Bundle.state.in_((*UNMADE, State.READY)),
    )
    about = query.where(Bundle.request_id.is_not_distinct_from(new.request_id))
    return db.session.scalars(about.order_by(Bundle.created_at.desc()).limit(1)).one_or_none()


def _about(bundle_id: UUID, number: int) -> bytes:
    return b"kelisim bundle\0" + bundle_id.bytes + number.to_bytes(4)
