"""An officer at work, for tests of the desk: requests on paper, and what is decided about them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from mailing.base.database import db
from mailing.requests import identifying, inquiries, registering, rights, rulings, timeline
from mailing.requests.identifying import Vouching
from mailing.requests.kinds import Channel, Kind, Ruling
from mailing.requests.registering import Asking
from mailing.requests.requests import Request, find
from mailing.requests.rulings import Ruled
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

OFFICER = Actor("staff 3", Role.OFFICER)
# A Wednesday, ten o'clock in Almaty; no holiday is near.
WEDNESDAY = datetime(2026, 11, 25, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Paper:
    """A letter on paper, and who is named in it."""

    email: str = ""
    words: str = "Please show me what you hold, and then destroy it."
    language: str = "en"


def always(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands at this moment."""
    return lambda: moment


def on_paper(*kinds: Kind, paper: Paper | None = None, is_proved: bool = True) -> Request:
    """A request that came by letter, of somebody who showed a passport; committed."""
    said = paper or Paper()
    asking = Asking(kinds, said.email, said.words, said.language)
    request = registering.register(asking, Channel.LETTER, OFFICER)
    if is_proved:
        identifying.vouch(request.id, Vouching("Passport shown at the counter"), OFFICER)
    db.session.commit()
    return request


def decide(request: Request, kind: Kind, ruling: Ruling = Ruling.GRANT, ground: str = "") -> None:
    """What the officer decides about one right; committed."""
    right = rights.named(request.id, kind)
    rulings.rule(right.id, Ruled(ruling, ground, "Because."), OFFICER)
    db.session.commit()


def happened(request: Request) -> list[str]:
    """The timeline in words."""
    return [line.what for line in timeline.of(request.id)]


def token_of(request: Request) -> str:
    """What stands in the link that was mailed last about a request."""
    return inquiries.of(request.id)[-1].link.rpartition("/")[2]


def now_of(request: Request) -> Request:
    """A request as the database has it."""
    db.session.expire_all()
    return find(request.id)
