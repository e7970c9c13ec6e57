"""Whom it reaches: only those whose yes covers it, and how many of them got another campaign within
a day."""

from collections.abc import Iterator

from mailing.base.languages import gettext as _
from mailing.campaigns import audience
from mailing.campaigns.audience import Audience
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.deliveries.checks import Check, Fix, Level
from mailing.people.verdict import Reason

# Beyond that the last look would wait a second and more for a number that a sample tells as well.
COUNTED_UP_TO = 5_000
LOOKED_AT = 200


def of(campaign: Campaign, counted: Audience) -> Iterator[Check]:
    """A notice tells everybody whose data are kept, however often they were written to."""
    if campaign.kind == Kind.CAMPAIGN:
        yield _of_consent(counted)
        yield from _of_the_day(campaign, counted)


def _of_consent(counted: Audience) -> Check:
    title, left_out = _("Consent"), counted.held.get(Reason.NO_POLICY_CONSENT, 0)
    if left_out:
        detail = _(
            "Left out: %(num)s, whose yes was said under a policy version that does not cover the"
            " purpose of this topic; ask them anew.",
            num=left_out,
        )
        return Check("consent", Level.WARN, title, detail, Fix.AUDIENCE)
    detail = _(
        "Everybody who gets it said yes to this topic under a policy version that covers it."
    )
    return Check("consent", Level.FINE, title, detail)


def _of_the_day(campaign: Campaign, counted: Audience) -> Iterator[Check]:
    are_many = counted.considered > COUNTED_UP_TO
    looked_at, got = audience.lately(campaign, LOOKED_AT if are_many else COUNTED_UP_TO)
    if not got:
        return
    detail = _(
        "Of those who get it, so many got another campaign within 24 hours: %(num)s. A segment"
        " can leave them out.",
        num=got,
    )
    if are_many:
        detail = _(
            "Of %(all)s people looked at, so many got another campaign within 24 hours: %(num)s. A"
            " segment can leave them out.",
            all=looked_at,
            num=got,
        )
    yield Check("lately", Level.FINE, _("How often"), detail, Fix.AUDIENCE)
