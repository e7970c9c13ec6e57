"""A registered form as it is shown now: its version, the policy, and a sentence for each box."""

from dataclasses import dataclass
from hashlib import sha256

from mailing.base.errors import Invalid, NotReady
from mailing.base.languages import gettext as _
from mailing.base.languages import spoken
from mailing.base.operator import is_named
from mailing.base.settings import Settings, current
from mailing.people import forms, topics
from mailing.people.forms import HEADING, INTRODUCTION, FormVersion
from mailing.people.topics import Topic
from mailing.people.wording import sentence, tongue
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion

OPTIONAL = ("surname", "given_name", "patronymic", "phone")


class NotOpen(NotReady):
    """The form cannot take a consent now; the text says what is missing and what to do."""


@dataclass(frozen=True)
class Box:
    """One topic's box, the whole sentence that ticking it agrees to (in the language `tongue`), and
    what the topic brings."""

    slug: str
    name: str
    sentence: str
    tongue: str
    about: str


@dataclass(frozen=True)
class OpenForm:
    """What the page shows, and what a post is measured against.

    `heading` and `introduction` are empty where the version has none in the language spoken.
    """

    slug: str
    version: FormVersion
    policy: PolicyVersion
    boxes: tuple[Box, ...]
    fields: tuple[str, ...]
    heading: str
    introduction: str
    address: str
    own_origin: str

    @classmethod
    def find(cls, slug: str) -> "OpenForm":
        """The form in the language spoken. Raises `Missing` for none, `NotOpen` (see there)."""
        version = forms.current(forms.find(slug))
        settings = current()
        _demand_identity(settings)
        policy = _policy()
        said = forms.texts_of(version, spoken())
        return cls(
            slug=slug,
            version=version,
            policy=policy,
            boxes=tuple(_box(topic, policy) for topic in forms.topics_of(version)),
            fields=tuple(name for name in OPTIONAL if name in policy.fields),
            heading=said.get(HEADING, ""),
            introduction=said.get(INTRODUCTION, ""),
            address=f"{settings.public_url}/join/{slug}",
            own_origin=settings.public_url,
        )

    @property
    def shown(self) -> str:
        """A fingerprint of every word that is agreed to; a copy of the form carries it."""
        words = [self.heading, self.introduction, *(box.sentence for box in self.boxes)]
        return sha256("\0".join(words).encode()).hexdigest()[:24]

    def accepts(self, origin: str) -> bool:
        """Whether a post from a page of this origin counts: a registered site, or our own."""
        return self.version.accepts(origin) or self.is_own(origin)

    def is_own(self, origin: str) -> bool:
        """Whether the origin is our own."""
        return _same_origin(origin, self.own_origin)

    def offers(self, slug: str) -> bool:
        """Whether there is a box for that topic."""
        return any(box.slug == slug for box in self.boxes)


def _box(topic: Topic, policy: PolicyVersion) -> Box:
    language = spoken()
    return Box(
        slug=topic.slug,
        name=topics.name_in(topic, language),
        sentence=sentence(topic, policy, language),
        tongue=tongue(language),
        about=topics.about_in(topic, language),
    )


def _demand_identity(settings: Settings) -> None:
    if not is_named(settings):
        raise NotOpen(
            _(
                "The operator has not said who they are yet. Operator: set KELISIM_OPERATOR_NAME, "
                "KELISIM_OPERATOR_BIN and KELISIM_OPERATOR_ADDRESS."
            )
        )


def _policy() -> PolicyVersion:
    policy = versions.in_force()
    if policy is None:
        raise NotOpen(
            _(
                "No personal data policy is in force yet. Operator: import and publish one with "
                "“kelisim policy import”."
            )
        )
    return policy


def _same_origin(one: str, other: str) -> bool:
    try:
        return forms.normal_origin(one) == forms.normal_origin(other)
    except Invalid:
        return False
