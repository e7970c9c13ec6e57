"""The operator's identity, changed: never under a campaign that is on its way.

Every message of a campaign names the same operator, and one that is tried again is the same to
the octet; so a change waits until nothing is being sent.
"""

from sqlalchemy import select

from mailing.base import operator
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.base.languages import gettext as _
from mailing.base.operator import Operator
from mailing.campaigns.campaigns import Campaign, State
from mailing.staff.audit import Actor, record_change

_ON_THEIR_WAY = (State.SENDING, State.PAUSED)


def change(name: str, number: str, address: str, actor: Actor) -> Operator:
    """Hold this identity from now on. Raises `Invalid`, naming the field, and `Conflict` while a
    campaign is being sent. Never commits."""
    before, now = operator.hold(name, number, address)
    if before == now:
        return now
    busy = _on_its_way()
    if busy is not None:
        sentence = _(
            "Campaign %(id)s is being sent and names the operator as it is now: let it finish, or "
            "stop it, then change this.",
            id=busy,
        )
        raise Conflict(sentence)
    record_change(actor, "operator named", "installation", change=(repr(before), repr(now)))
    return now


def _on_its_way() -> int | None:
    states = [state.value for state in _ON_THEIR_WAY]
    query = select(Campaign.id).where(Campaign.state.in_(states)).order_by(Campaign.id)
    return db.session.scalars(query.limit(1)).first()
