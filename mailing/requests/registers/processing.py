"""The register of processing: what is processed, why, of whom, by whom, for how long.

It is read from what is in force, the published policy version, the forms, the relays, the terms, so
it cannot say anything else than the platform does. What the policy leaves open it names as open.
"""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from mailing.base import clock
from mailing.base.settings import Settings, current
from mailing.campaigns import counting
from mailing.people import forms, topics
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion
from mailing.requests import terms
from mailing.requests.terms import Term


@dataclass(frozen=True)
class Policy:
    """The version in force: which, since when, and the hash of each of its texts."""

    id: int
    label: str
    effective_on: date
    texts: dict[str, str]


@dataclass(frozen=True)
class Purpose:
    """One declared purpose, and the topics that serve it."""

    name: str
    topics: list[str]


@dataclass(frozen=True)
class Source:
    """Where data come from: a registered form and the sites that may show it."""

    form: str
    version: int
    origins: list[str]


@dataclass(frozen=True)
class Recipient:
    """Who gets data to carry the messages: `role` is relay or mailbox, `host` without a login."""

    role: str
    host: str


@dataclass(frozen=True)
class Processing:
    """The register as a document; `policy` None while none is in force. `clicks_counted`: whether
    links of campaigns may be counted, as sums that hold nothing of a person."""

    made_at: datetime
    operator: dict[str, str]
    policy: Policy | None
    purposes: list[Purpose]
    fields: list[str]
    sources: list[Source]
    recipients: list[Recipient]
    terms: list[Term]
    clicks_counted: bool


def register() -> Processing:
    """The register as of now."""
    settings, policy = current(), versions.in_force()
    return Processing(
        made_at=clock.now(),
        operator=_operator(settings),
        policy=_policy(policy) if policy else None,
        purposes=_purposes(policy) if policy else [],
        fields=list(policy.fields) if policy else [],
        sources=_sources(),
        recipients=_recipients(settings),
        terms=terms.everything(),
        clicks_counted=counting.is_on(),
    )


def _operator(settings: Settings) -> dict[str, str]:
    return {
        "name": settings.operator_name or "",
        "bin": settings.operator_bin or "",
        "address": settings.operator_address or "",
        "contact": settings.helpdesk_address,
    }


def _policy(policy: PolicyVersion) -> Policy:
    hashes = {one.language: one.sha256 for one in versions.texts(policy)}
    return Policy(policy.id, policy.label, policy.effective_on, hashes)


def _purposes(policy: PolicyVersion) -> list[Purpose]:
    known = topics.all_topics()
    return [
        Purpose(name, sorted(one.slug for one in known if one.purpose == name))
        for name in policy.purposes
    ]


def _sources() -> list[Source]:
    found = ((one, forms.current(one)) for one in forms.all_forms())
    return [Source(form.slug, last.version, list(last.origins)) for form, last in found]


def _recipients(settings: Settings) -> list[Recipient]:
    """The relays that carry our mail, and the mailbox that people write to; nobody else gets any
    (policy 6.2). A hosted one is a third party: whose they are, the operator says."""
    relays = [Recipient("relay", urlsplit(one).hostname or "") for one in settings.smtp_url]
    mailbox = urlsplit(settings.imap_url).hostname if settings.imap_url else None
    return [*relays, *([Recipient("mailbox", mailbox)] if mailbox else [])]
