"""How long a campaign will take under the limits on messages a second, and until when."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from babel.dates import format_timedelta

from mailing.base import clock
from mailing.base.languages import gettext as _
from mailing.base.languages import spoken, time_text
from mailing.base.settings import Settings, current
from mailing.campaigns.audience import Look
from mailing.deliveries import hours, pulse
from mailing.deliveries.checks import Check, Fix, Level


def of(look: Look, at: datetime | None) -> Iterator[Check]:
    """Said where a limit says it: what a relay can do beyond that is not known beforehand."""
    settings = current()
    seconds = seconds_for(settings, look)
    if not seconds:
        return
    begins = at or clock.now() + timedelta(seconds=settings.holding_seconds)
    ends = hours.ends_at(settings, begins, seconds)
    title = _("How long")
    if ends is None:
        detail = _("Under the limits and within the sending hours it takes more than two weeks.")
        yield Check("lasting", Level.WARN, title, detail, Fix.SETTINGS)
        return
    detail = _(
        "Under the limits on messages a second it takes about %(time)s, until %(when)s.",
        time=format_timedelta(ends - begins, locale=spoken()),
        when=time_text(ends, settings.time_zone),
    )
    yield Check("lasting", Level.FINE, title, detail)


def seconds_for(settings: Settings, look: Look) -> float:
    """The least that the narrowest limit allows; 0: nothing limits it."""
    times = [
        sum(look.domains.get(domain, 0) for domain in one.domains) / one.rate
        for one in settings.domain_rates
        if one.rate
    ]
    a_minute = pulse.limit_a_minute(settings)
    if a_minute:
        times.append(look.audience.will_receive * 60 / a_minute)
    return max(times, default=0.0)


def limited(settings: Settings) -> list[str]:
    """The recipient domains that have a limit of their own."""
    return [domain for one in settings.domain_rates if one.rate for domain in one.domains]
