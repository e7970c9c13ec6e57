"""Merged fields: how many of the people looked at lack one, and what they read instead."""

import re
from collections.abc import Iterator

from mailing.base.languages import gettext as _
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries.checks import Check, Level
from mailing.deliveries.finished import Reader

_MERGED = re.compile(r"\{\{\s*(\w+)\s*\|\s*default\(\s*(?:&quot;|[\"'])(.*?)(?:&quot;|[\"'])\s*\)")


def of(campaign: Campaign, among: list[Reader]) -> Iterator[Check]:
    """Of each field that a body merges, who lacks it; one without a fallback does not compile."""
    merged = {
        (body.language, name): instead
        for body in campaign.bodies
        for name, instead in _MERGED.findall(f"{body.subject}\n{body.body}")
    }
    for (language, name), instead in merged.items():
        own = [one for one in among if campaign.content_in(one.language).language == language]
        without = sum(not one.fields.get(name) for one in own)
        if without:
            detail = _(
                "Of %(all)s people looked at, %(number)s have no %(field)s; they read:"
                " “%(instead)s”.",
                all=len(own),
                number=without,
                field=name,
                instead=instead,
            )
            yield Check(f"field-{name}-{language}", Level.FINE, _("Merge fields"), detail)
