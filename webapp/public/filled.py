"""What somebody typed into the form: read without judgement, then measured field by field."""

from dataclasses import dataclass

from flask import request
from werkzeug.datastructures import MultiDict

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES, spoken
from mailing.base.languages import gettext as _
from mailing.people.address import canonical, clean_field
from mailing.people.optins import Submission
from webapp.public.open_form import OPTIONAL, OpenForm


@dataclass(frozen=True)
class Filled:
    """The form's values as they were posted; shown again when something has to be mended."""

    email: str
    topics: tuple[str, ...]
    fields: dict[str, str]
    language: str | None
    policy: str

    @classmethod
    def nothing(cls) -> "Filled":
        """An empty form: no address, and no box ticked."""
        return cls.read(MultiDict())

    @classmethod
    def read(cls, posted: MultiDict[str, str]) -> "Filled":
        """The values of contract.md's fields; whatever else was posted is not looked at."""
        language = posted.get("language", "")
        return cls(
            email=posted.get("email", ""),
            topics=tuple(dict.fromkeys(posted.getlist("topic"))),
            fields={name: posted.get(name, "") for name in OPTIONAL},
            language=language if language in LANGUAGES else None,
            policy=posted.get("policy", "").strip(),
        )

    def problems(self, form: OpenForm) -> dict[str, str]:
        """What has to be mended: the field and a sentence in the language spoken."""
        found = {
            "email": self._address_problem(),
            "topic": self._topic_problem(form),
            "policy": self._policy_problem(form),
        }
        return {field: sentence for field, sentence in found.items() if sentence}

    def submission(self, form: OpenForm, page: str) -> Submission:
        """What is handed to the domain; undeclared fields were never looked at."""
        return Submission(
            form_slug=form.slug,
            address=self.email,
            topics=self.topics,
            fields=self._usable(form),
            language=self.language or spoken(),
            policy_id=form.policy.id,
            page=page,
            network_address=_declared("network_address", request.remote_addr, form),
            user_agent=_declared("user_agent", request.headers.get("User-Agent"), form),
        )

    def _usable(self, form: OpenForm) -> dict[str, str]:
        """The declared fields that can be kept.

        An unusable name never changes the answer (contract.md): it is left out, not complained of.
        """
        cleaned = {name: _clean(name, self.fields[name]) for name in form.fields}
        return {name: value for name, value in cleaned.items() if value}

    def _address_problem(self) -> str | None:
        if not self.email.strip():
            return _("Enter your e-mail address.")
        try:
            canonical(self.email)
        except Invalid:
            return _("Enter an address like name@example.kz.")
        return None

    def _topic_problem(self, form: OpenForm) -> str | None:
        if not self.topics:
            return _("Tick at least one box, so that we know what we may send you.")
        if all(form.offers(slug) for slug in self.topics):
            return None
        return _("This form does not offer one of the topics. Choose from the boxes below.")

    def _policy_problem(self, form: OpenForm) -> str | None:
        if self.policy == str(form.policy.id):
            return None
        return _(
            "The personal data policy has changed since this form was opened. "
            "Read the current version, then send the form again."
        )


def _declared(name: str, value: str | None, form: OpenForm) -> str | None:
    """What a browser tells unasked is kept only where the policy declares it (policy 2.3, 3.3)."""
    return value if name in form.policy.fields else None


def _clean(name: str, value: str) -> str:
    try:
        return clean_field(name, value)
    except Invalid:
        return ""
