"""Readiness: may this campaign start, and what should somebody look at first?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailing.base import installation
from mailing.base.errors import ConfigurationError, KelisimError
from mailing.base.languages import gettext as _
from mailing.base.operator import operator_of
from mailing.base.settings import Settings, current
from mailing.base.signing import signing_keys
from mailing.campaigns import approvals, audience
from mailing.campaigns.audience import Audience, Look
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import (
    dns_checks,
    dns_records,
    frames,
    lasting,
    nods,
    proofs,
    reached,
    repute,
    spam_words,
    usual,
)
from mailing.deliveries.checks import Check, Fix, Level
from mailing.deliveries.dns_verdicts import Standing
from mailing.policies import versions

__all__ = ["Check", "Fix", "Level", "Readiness", "check"]


@dataclass(frozen=True)
class Readiness:
    """Every check that was made."""

    checks: list[Check]

    @property
    def stops(self) -> list[Check]:
        """What has to be done first."""
        return [check for check in self.checks if check.level is Level.STOP]

    @property
    def is_ready(self) -> bool:
        """Whether the campaign may start; warnings pass."""
        return not self.stops


def look(campaign: Campaign) -> Look:
    """The audience, with all that the checks ask of it."""
    return audience.look(campaign, lasting.limited(current()))


def check(campaign: Campaign, seen: Look | None = None, at: datetime | None = None) -> Readiness:
    """Check a campaign and its surroundings, the final messages of some people included.

    `seen` is what `look` said, where that was asked already; `at` when it is to leave.
    """
    seen = seen or look(campaign)
    told = [*_before_the_audience(), of_audience(seen.audience), *_approval(campaign)]
    words = [*_of_the_message(campaign), *proofs.of_languages(campaign, seen.languages)]
    beside = [*proofs.of_inboxes(campaign), *proofs.of_brand(), *proofs.of_links(campaign)]
    around = [
        *nods.of(campaign),
        *spam_words.of(campaign),
        *_of_the_sender(campaign),
        *reached.of(campaign, seen.audience),
        *lasting.of(seen, at),
    ]
    return Readiness([*told, *words, *beside, *around, *usual.of(campaign, seen.audience, at)])


def obstacles(campaign: Campaign) -> list[Check]:
    """What stops a start, but for the audience: whoever starts counts it in any case, and
    counting a million people twice would keep the first of them waiting."""
    checks = [*_before_the_audience(), *_of_the_message(campaign), *_of_the_sender(campaign)]
    return Readiness(checks).stops


def of_audience(counted: Audience) -> Check:
    """Whether anybody would receive it."""
    title = "Audience"
    if not counted.will_receive:
        detail = _("Nobody would receive this; people considered: %(num)s.", num=counted.considered)
        return Check("audience", Level.STOP, title, detail, Fix.AUDIENCE)
    detail = _("People who will receive it: %(num)s.", num=counted.will_receive)
    return Check("audience", Level.FINE, title, detail)


def of_the_domain() -> Iterator[Check]:
    """What a resolver said of the sending domain within two days: another key in the place of ours
    stops a start, for every signature would be refused; the rest asks for a look."""
    for one in dns_checks.faults():
        name = one.record.name
        is_fatal = name is dns_records.Name.DKIM and one.verdict.standing is Standing.OTHER
        level = Level.STOP if is_fatal else Level.WARN
        detail = f"{one.record.host}: {one.verdict.sentence}"
        yield Check(f"dns_{name}", level, _("Sending domain"), detail, Fix.DOMAIN)


def _approval(campaign: Campaign) -> list[Check]:
    """A missing approval stops a start by itself, with its own exit code; here it is said."""
    if not current().approval:
        return []
    found, title = approvals.standing(campaign), _("Approval")
    if found is None:
        detail = _("A second person has to approve this before it is sent.")
        return [Check("approval", Level.WARN, title, detail, Fix.READY)]
    return [Check("approval", Level.FINE, title, _("A second person has approved exactly this."))]


def _before_the_audience() -> list[Check]:
    settings = current()
    return [_identity(settings), _policy(), _sending()]


def _of_the_message(campaign: Campaign) -> list[Check]:
    settings = current()
    return [*proofs.of_messages(campaign, settings), _sender(settings), _signature(settings)]


def _of_the_sender(campaign: Campaign) -> Iterator[Check]:
    """How providers see whoever sends."""
    yield repute.of_answers(current())
    yield from repute.of_complaints(campaign)
    yield from of_the_domain()


def _identity(settings: Settings) -> Check:
    title = "Operator's identity"
    try:
        operator = operator_of(settings)
    except KelisimError as error:
        return Check("identity", Level.STOP, title, error.message)
    return Check("identity", Level.FINE, title, f"{operator.name}, BIN {operator.bin}.")


def _policy() -> Check:
    title = "Published policy"
    policy = versions.in_force()
    if policy is None:
        detail = _("No published policy is in force: import one and publish it.")
        return Check("policy", Level.STOP, title, detail, Fix.POLICIES)
    return Check("policy", Level.FINE, title, _("Version in force: %(label)s.", label=policy.label))


def _sending() -> Check:
    title = "Sending switch"
    here = installation.here()
    if not here.sending_on:
        detail = _("Sending is off: %(why)s", why=here.sending_off_reason)
        return Check("sending", Level.STOP, title, detail)
    return Check("sending", Level.FINE, title, _("Sending is on."))


def _sender(settings: Settings) -> Check:
    title = "Sender"
    if frames.domain_of(settings).endswith("localhost"):
        detail = _(
            "KELISIM_FROM is %(sender)s: nobody outside this machine can answer it.",
            sender=settings.from_,
        )
        return Check("sender", Level.WARN, title, detail)
    return Check(
        "sender", Level.FINE, title, _("It comes from: %(sender)s.", sender=settings.from_)
    )


def _signature(settings: Settings) -> Check:
    title = "DKIM signature"
    if settings.dkim_key_file is None:
        detail = _(
            "Messages go out unsigned by Kelisim: let the relay sign them, the List-Unsubscribe "
            "fields included, or mailbox providers will not offer one-click."
        )
        return Check("dkim", Level.WARN, title, detail)
    try:
        keys = signing_keys(settings)
    except ConfigurationError as error:
        return Check("dkim", Level.STOP, title, error.message)
    told = ", ".join(f"{key.algorithm} as {key.host}" for key in keys)
    if not all(key.is_strong for key in keys):
        detail = _(
            "Signed with %(told)s, by a key shorter than 2048 bits: replace it by a longer one.",
            told=told,
        )
        return Check("dkim", Level.WARN, title, detail)
    if all(key.algorithm == "ed25519-sha256" for key in keys):
        detail = _(
            "Signed with %(told)s, which many mailbox providers cannot read: add an RSA key.",
            told=told,
        )
        return Check("dkim", Level.WARN, title, detail)
    return Check("dkim", Level.FINE, title, _("Signed with %(told)s.", told=told))
