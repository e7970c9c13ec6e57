"""Laying the links of a campaign: when it starts, each that can be counted gets its address.

A sum over one reader would be that reader's doing, so a language that few read is left as it is.
"""

import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import KelisimError
from mailing.base.settings import current
from mailing.campaigns import counting
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import frames, message
from mailing.deliveries.counted_links import CountedLink
from mailing.deliveries.message import Left, Link

# Of so many readers of one language at the least a sum says nothing of any of them.
FEWEST = 10
_OCTETS = 9  # 72 bits: nobody comes upon the links of a campaign that they did not get

_READERS = """
    SELECT s.language, count(*) FROM audience_chunks c, unnest(c.subscriber_ids) m (id)
    JOIN subscribers s ON s.id = m.id
    WHERE c.campaign_id = :campaign AND c.reason IS NULL GROUP BY s.language
"""


@dataclass(frozen=True)
class Looked:
    """The links of a campaign's text in one language: those that can be counted, and how many are
    left as they are, by reason."""

    language: str
    links: list[Link]
    left: dict[Left, int]


def lay(campaign: Campaign) -> int:
    """Give the links of a campaign that starts their addresses, its audience being frozen; how
    many. None where clicks are not to be counted."""
    if not counting.is_wanted(campaign):
        return 0
    laid = [link for language in _read_by_many(campaign) for link in _laid(campaign, language)]
    db.session.add_all(laid)
    db.session.flush()
    return len(laid)


def look(campaign: Campaign) -> list[Looked]:
    """What would be counted, language by language; a text that cannot be made yet is left out."""
    found = []
    for body in campaign.written:
        try:
            links = _links(campaign, body.language)
        except KelisimError:
            continue
        left = Counter(link.left for link in links if link.left is not None)
        countable = [link for link in links if link.left is None]
        found.append(Looked(body.language, countable, dict(left)))
    return found


def _read_by_many(campaign: Campaign) -> list[str]:
    readers: Counter[str] = Counter()
    for language, number in db.session.execute(text(_READERS), {"campaign": campaign.id}):
        readers[campaign.content_in(language).language] += number
    return sorted(language for language, number in readers.items() if number >= FEWEST)


def _laid(campaign: Campaign, language: str) -> Iterator[CountedLink]:
    for number, link in enumerate(_links(campaign, language), 1):
        if link.left is None:
            yield CountedLink(
                token=secrets.token_urlsafe(_OCTETS),
                campaign_id=campaign.id,
                language=language,
                number=number,
                target=link.target,
                words=link.words,
            )


def _links(campaign: Campaign, language: str) -> list[Link]:
    frame = frames.campaign_frame(current(), campaign, language)
    return message.links_of(campaign.content_in(language), frame)
