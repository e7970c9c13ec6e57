"""What somebody typed into the form: read without judgement, then measured field by field."""

from dataclasses import dataclass

from flask import request
from werkzeug.datastructures import MultiDict

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES, spoken
from mailing.base.languages import gettext as _
from mailing.people.canonical import canonical
from mailing.people.open_form import OPTIONAL, OpenForm
from mailing.people.optins import Submission

# A field that no person sees; whoever fills it in reads no page but its source.
TRAP = "website"
LONGEST_STAMP = 300


@dataclass(frozen=True)
class Filled:
    """The form's values as they were posted; shown again when something has to be mended."""

    email: str
    topics: tuple[str, ...]
    fields: dict[str, str]
    language: str | None
    policy: str
    shown: str = ""
    opened: str = ""
    is_trapped: bool = False

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
            shown=posted.get("shown", "").strip(),
            opened=posted.get("opened", "")[:LONGEST_STAMP],
            is_trapped=bool(posted.get(TRAP, "").strip()),
        )

    def problems(self, form: OpenForm) -> dict[str, str]:
        """What has to be mended: the field and a sentence in the language spoken."""
        found = {
            "email": self.address_problem(),
            "topic": self._topic_problem(form),
            "policy": self._policy_problem(form),
        }
        return {field: sentence for field, sentence in found.items() if sentence}

    def submission(self, form: OpenForm, page: str) -> Submission:
        """What is handed to the domain, which keeps what the policy version declares of it.

        An unusable name never changes the answer (contract.md): the domain leaves it out.
        """
        return Submission(
            form_slug=form.slug,
            address=self.email,
            topics=self.topics,
            fields={name: value for name, value in self.fields.items() if value},
            language=self.language or spoken(),
            policy_id=form.policy.id,
            page=page,
            network_address=request.remote_addr,
            user_agent=request.headers.get("User-Agent"),
            is_trapped=self.is_trapped,
        )

    def address_problem(self) -> str | None:
        """What is wrong with the address; None where nothing is."""
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
        if self.policy != str(form.policy.id):
            return outdated()
        # A copy of the form names the words that it showed; what was not shown is not agreed to.
        return changed() if self.shown and self.shown != form.shown else None


def changed() -> str:
    """What is said to a copy whose words are no longer those of the form."""
    return _(
        "The words of this form have changed since it was opened. Read what stands beside the "
        "boxes now, then send the form again."
    )


def outdated() -> str:
    """What is said when the form, or the policy, is no longer the one that was shown."""
    return _(
        "The personal data policy has changed since this form was opened. "
        "Read the current version, then send the form again."
    )
