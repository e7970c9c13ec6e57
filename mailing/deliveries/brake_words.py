"""What the brake says: why a campaign has paused itself, in words."""

from dataclasses import asdict, dataclass

from mailing.campaigns.campaigns import Campaign, State


@dataclass(frozen=True)
class Trip:
    """Why it braked: `number` of `out` messages, where `limit` per cent was the most allowed.

    `what` is bounces, complaints, refusals or storm; a storm has no share.
    """

    what: str
    number: int
    out: int = 0
    limit: float = 0


def sentence(campaign: Campaign) -> str | None:
    """Why it waits for a person, where the brake has paused it."""
    if not campaign.brake or campaign.state != State.PAUSED:
        return None
    trip = Trip(**campaign.brake)
    return f"a person to look and resume it: {_SENTENCES[trip.what]}".format(**asdict(trip))


_SENTENCES = {
    "bounces": "{number} of {out} messages bounced for good, and {limit} % is the most allowed",
    "complaints": "{number} of {out} people complained, and {limit} % is the most allowed",
    "refusals": "{number} of {out} messages were refused, and {limit} % is the most allowed",
    "storm": "{number} bounces from one provider say the same within minutes",
}
