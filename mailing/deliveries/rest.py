"""The rest: a new draft for those who were to get a campaign and whom it did not reach.

It is a campaign like any other: looked at, approved, started by a person, and the gate asks about
each of them anew. Whoever a "no" of their own kept out is not among them, nor who may have got it.
"""

from collections.abc import Mapping

from mailing.base.errors import Conflict
from mailing.base.languages import gettext as _
from mailing.campaigns import campaigns, segments, sentences
from mailing.campaigns.campaigns import Campaign, Kind, State
from mailing.staff.audit import Actor, record

_OVER = (State.DONE, State.STOPPED)


def number(refused: int, held: Mapping[str, int]) -> int:
    """How many they are, of a campaign that is over, by its outcomes."""
    return refused + sum(held.get(reason, 0) for reason in sentences.OURS)


def draft(campaign_id: int, actor: Actor) -> Campaign:
    """A copy of a campaign that is over, to the rest; raises Conflict for any other."""
    original = campaigns.find(campaign_id)
    if original.kind == Kind.NOTICE:
        raise Conflict(_("A notice is sent once; tell the rest in another way."))
    if original.state not in _OVER or not original.audience:
        raise Conflict(_("It is not over yet: wait until everybody has one outcome."))
    said = {"about": "missed", "how": "campaign", "values": [str(original.id)]}
    conditions = sentences.read({"sentences": [said]})
    name = _("Not reached by campaign %(id)s", id=original.id)
    copy = campaigns.duplicate(original, actor)
    campaigns.narrow(copy.id, segments.of(conditions, name, actor), actor)
    record(actor, "campaign drafted for the rest", f"campaign {copy.id}", original=original.id)
    return copy
