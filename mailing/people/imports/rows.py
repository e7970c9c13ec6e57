"""One row: read strictly into an address, fields and the evidence it claims, or refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailing.base import clock
from mailing.base.errors import Invalid
from mailing.base.languages import DEFAULT, LANGUAGES
from mailing.base.plain import clean_field
from mailing.base.sealing import digest
from mailing.base.settings import current
from mailing.people import forms, wording
from mailing.people.address import Address
from mailing.people.canonical import canonical
from mailing.people.forms import Form
from mailing.people.imports.report import Fault
from mailing.people.imports.table import FIELDS, Record
from mailing.people.topics import Topic
from mailing.policies import versions

MAX_WORDING = 10_000

# RFC 3339, section 5.6: a date, a time and an offset; nothing that Python would take besides.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")

_SHAPE = Fault(
    "", "The row does not have the header's columns.", "Check its commas, quotes and line ends."
)
_LANGUAGE = Fault("language", "The language is not known.", "Write kk, ru or en, or nothing.")
_TIME = Fault(
    "consent_at",
    "The time cannot be read.",
    "Write it with its offset, as 2026-03-01T09:00:00+05:00.",
)
_FUTURE = Fault("consent_at", "The time lies in the future.", "Write when the form was sent.")
_TOO_EARLY = Fault(
    "consent_at",
    "The time lies before the policy version took effect.",
    "Name the version that was in force then.",
)
_WORDING = Fault(
    "consent_wording", "The wording cannot be kept.", "Write plain text of 10,000 characters."
)
_NO_TIME = Fault("consent_at", "The time of the consent is missing.", "Write when it was given.")
_NO_FORM = Fault("consent_form", "No form of that slug is registered.", "Register it first.")
_NO_OFFER = Fault(
    "consent_form", "The form does not offer this topic.", "Name the form that was filled in."
)
_NO_POLICY = Fault(
    "consent_policy", "No policy version has that id or SHA-256.", "Import the policy's text first."
)
_NO_PURPOSE = Fault(
    "consent_policy",
    "The policy version does not declare the topic's purpose.",
    "Name the version that was agreed to.",
)


class Refused(Exception):
    """The row is invalid; its fault says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.problem)
        self.fault = fault


class Doubted(Refused):
    """The row may be valid, but what it claims proves nothing."""


@dataclass(frozen=True)
class Claim:
    """Evidence that resolves: when, through which form, under which version, in which words.

    `shown` is the language and the text that stood beside the box.
    """

    at: datetime
    form: str
    form_version: int
    policy_id: int
    shown: tuple[str, str] | None

    @property
    def kind(self) -> tuple[Any, ...]:
        """What it shares with other claims: all but the time."""
        return (self.form, self.form_version, self.policy_id, self.shown)

    def body(self) -> dict[str, Any]:
        """As the ledger keeps it: nothing in it is personal; the words are named by hash."""
        return {
            "consent_at": self.at.isoformat(),
            "form": self.form,
            "form_version": self.form_version,
            "policy": self.policy_id,
            "wording": wording.hash_of(*self.shown) if self.shown else None,
        }


@dataclass(frozen=True)
class Row:
    """A valid row. Without a claim it goes to quarantine; `doubt` says why a claim is none."""

    number: int
    address: Address
    digest: bytes
    fields: dict[str, str]
    language: str | None
    claim: Claim | None = None
    doubt: Fault | None = None


@dataclass(frozen=True)
class Version:
    """What a row's claim needs of a policy version; plain, so that any thread may look at it."""

    id: int
    begins: datetime
    serves: bool


class Reader:
    """Reads rows for one topic, against the forms and versions that stand when it is made.

    It asks the database nothing afterwards, so it may read ahead in a thread of its own.
    """

    def __init__(self, topic: Topic, zone: ZoneInfo) -> None:
        self._key = current().suppression_key
        self._forms = {form.slug: _version_for(form, topic) for form in forms.all_forms()}
        self._policies = _policies(topic, zone)

    def read(self, record: Record) -> Row:
        """The row that a record holds. Raises `Refused`."""
        if record.values is None:
            raise Refused(_SHAPE)
        values = record.values
        address = _address(values)
        who = (record.number, address, digest(self._key, address.text))
        fields, language = _fields(values), _language(values)
        try:
            return Row(*who, fields, language, self._claim(values))
        except Doubted as doubted:
            return Row(*who, fields, language, None, doubted.fault)

    def _claim(self, values: Mapping[str, str]) -> Claim | None:
        """The evidence, None without any. Raises `Doubted` where it does not resolve."""
        at, text = _time(values.get("consent_at", "")), _wording(values)
        if at is None:
            _demand_no_claim(values)
            return None
        policy = self._policy(values.get("consent_policy", ""))
        if at < policy.begins:
            raise Refused(_TOO_EARLY)
        slug = values.get("consent_form", "")
        shown = (values.get("language") or DEFAULT, text) if text else None
        return Claim(at, slug, self._form(slug), policy.id, shown)

    def _policy(self, ref: str) -> Version:
        policy = self._policies.get(ref.lower())
        if policy is None:
            raise Doubted(_NO_POLICY)
        if not policy.serves:
            raise Doubted(_NO_PURPOSE)
        return policy

    def _form(self, slug: str) -> int:
        version = self._forms.get(slug, 0)
        if version == 0:
            raise Doubted(_NO_FORM)
        if version is None:
            raise Doubted(_NO_OFFER)
        return version


def _version_for(form: Form, topic: Topic) -> int | None:
    """The number of the form's current version, None where it does not offer the topic."""
    version = forms.current(form)
    return version.version if version.offers(topic) else None


def _policies(topic: Topic, zone: ZoneInfo) -> dict[str, Version]:
    """Every published version by its id and by the SHA-256 of each of its texts: nobody can have
    agreed to a draft."""
    by_ref: dict[str, Version] = {}
    for policy in versions.published():
        refs = (str(policy.id), *(text.sha256 for text in versions.texts(policy)))
        serves = topic.purpose in policy.purposes
        by_ref |= dict.fromkeys(refs, Version(policy.id, policy.takes_effect(zone), serves))
    return by_ref


def _address(values: Mapping[str, str]) -> Address:
    try:
        return canonical(values["email"])
    except Invalid as invalid:
        raise Refused(Fault("email", "This is no address.", invalid.message)) from None


def _fields(values: Mapping[str, str]) -> dict[str, str]:
    """The personal fields that are not empty."""
    given = {name: values[name] for name in FIELDS if values.get(name)}
    return {name: _field(name, value) for name, value in given.items()}


def _field(name: str, value: str) -> str:
    try:
        return clean_field(name, value)
    except Invalid as invalid:
        raise Refused(Fault(name, "This cannot be kept.", invalid.message)) from None


def _language(values: Mapping[str, str]) -> str | None:
    """Exactly one of ours, or nothing said (T16: no value is guessed at)."""
    language = values.get("language") or None
    if language not in (None, *LANGUAGES):
        raise Refused(_LANGUAGE)
    return language


def _time(written: str) -> datetime | None:
    if not written:
        return None
    if not _RFC_3339.fullmatch(written):
        raise Refused(_TIME)
    try:
        at = datetime.fromisoformat(written.upper())
    except ValueError:
        raise Refused(_TIME) from None
    if at > clock.now():
        raise Refused(_FUTURE)
    return at


def _wording(values: Mapping[str, str]) -> str:
    text = values.get("consent_wording", "")
    if "\0" in text or len(text) > MAX_WORDING:
        raise Refused(_WORDING)
    return text


def _demand_no_claim(values: Mapping[str, str]) -> None:
    if values.get("consent_form") or values.get("consent_policy"):
        raise Doubted(_NO_TIME)
