"""Authors: who wrote a letter, as far as it can be told, and how sure that is (A-P2, A-P4).

Sure is only the subscriber of the address in `From`, where the receiving server saw it
authenticated. Whoever else the letter leads to may have written it: that is enough to stop mail,
and to nothing that cannot be taken back.

Of a message that was passed on the author is whoever wrote the message inside it, as far as that
says who; never whoever passed it on.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.inbound import inner, traces
from mailing.inbound.reading import Reading, Trust
from mailing.inbound.traces import Trace
from mailing.people import address_changes
from mailing.people.address import Address
from mailing.people.canonical import canonical
from mailing.people.subscribers import Subscriber, digest_of


@dataclass(frozen=True)
class Author:
    """`address` is that of `From`, `known` its subscriber; `named` are those of the other addresses
    that the letter gives for its author; `traced` are whose messages it shows."""

    address: Address | None
    known: UUID | None
    is_authenticated: bool
    named: tuple[UUID, ...]
    traced: tuple[Trace, ...]

    @property
    def shows_who_it_is(self) -> bool:
        """Whether the letter itself leads to somebody we know: by its sender, or by a message of
        ours. To be named in it beside an unknown sender shows nothing."""
        return self.known is not None or bool(self.traced)

    @property
    def sure(self) -> UUID | None:
        """Who certainly wrote it."""
        return self.known if self.is_authenticated else None

    @property
    def perhaps(self) -> list[UUID]:
        """Whoever may have written it, the most likely first."""
        traced = (trace.subscriber_id for trace in self.traced)
        known = (self.known,) if self.known else ()
        return [one for one in dict.fromkeys([*known, *traced, *self.named]) if _is_here(one)]

    @property
    def plausible(self) -> list[UUID]:
        """Whoever else than who certainly did."""
        return [one for one in self.perhaps if one != self.sure]

    @property
    def likely(self) -> UUID | None:
        """The one to think of first."""
        return self.sure or next(iter(self.plausible), None)


def of(reading: Reading, raw: bytes = b"") -> Author:
    """Who wrote this letter; its octets tell whose words a letter passes on."""
    if reading.is_passed_on:
        return _inside(reading, raw)
    address = address_of(reading.sender)
    known = _known_by(address)
    others = [] if known else [reading.reply_to, reading.return_path]
    named = [_known_by(address_of(other)) for other in others]
    return Author(
        address=address,
        known=known,
        is_authenticated=reading.trust is Trust.ALIGNED and address is not None,
        named=tuple(dict.fromkeys([*(one for one in named if one), *_moved_from(address)])),
        traced=tuple(traces.verified(reading.traces)),
    )


def _inside(reading: Reading, raw: bytes) -> Author:
    """Whom the message inside names as its author: anybody could have put that there."""
    forwarder = address_of(reading.sender)
    passing = _known_by(forwarder)
    named = [_known_by(address_of(one)) for one in inner.senders(raw)]
    found = traces.verified(reading.traces)
    return Author(
        address=forwarder,
        known=None,
        is_authenticated=False,
        named=tuple(dict.fromkeys(one for one in named if one)),
        traced=tuple(one for one in found if one.subscriber_id != passing),
    )


def address_of(written: str | None) -> Address | None:
    """The address as it is compared; None for what is none."""
    try:
        return canonical(written) if written else None
    except Invalid:
        return None


def _known_by(address: Address | None) -> UUID | None:
    if address is None:
        return None
    return db.session.scalar(select(Subscriber.id).where(Subscriber.digest == digest_of(address)))


def _moved_from(address: Address | None) -> list[UUID]:
    """Whose address it was before they moved: they may still write from it."""
    return address_changes.moved_from(digest_of(address)) if address else []


def _is_here(subscriber_id: UUID) -> bool:
    return db.session.get(Subscriber, subscriber_id) is not None
