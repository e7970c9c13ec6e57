"""What somebody was looking at when they pressed: two editors never overwrite each other unseen.

Pages carry a fingerprint of the campaign's words; an act on other words than those is refused.
"""

import hashlib

from mailing.campaigns.campaigns import Campaign


def fingerprint(campaign: Campaign) -> str:
    """A short hash of everything that the campaign says, in every language."""
    words = [repr(body.content) for body in sorted(campaign.bodies, key=lambda b: b.language)]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:24]


def is_unchanged(campaign: Campaign, seen: str | None) -> bool:
    """Whether it says what it said when the page was made; a form without the mark passes."""
    return not seen or seen == fingerprint(campaign)
