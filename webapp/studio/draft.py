"""What somebody has typed about a campaign, right or wrong, and how it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mailing.base.errors import Invalid, Missing
from mailing.base.languages import LANGUAGES, gettext
from mailing.campaigns.campaigns import Campaign
from mailing.campaigns.content import Content, Format
from mailing.deliveries import drafts
from mailing.people import topics
from mailing.staff.audit import Actor

FIELDS = ("subject", "preheader", "body")


@dataclass
class Draft:
    """The writing form: contents by language, errors by the name of the field."""

    topic: str = ""
    contents: dict[str, Content] = field(
        default_factory=lambda: {tongue: Content(tongue, "", "") for tongue in LANGUAGES}
    )
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def begun(self) -> list[Content]:
        """The languages in which anything has been typed."""
        return [content for content in self.contents.values() if is_begun(content)]

    @property
    def open_tongue(self) -> str:
        """The language to show first: one with an error, else the first one begun."""
        wrong = [tongue for tongue in LANGUAGES if any(e.startswith(tongue) for e in self.errors)]
        begun = [content.language for content in self.begun]
        return (wrong or begun or [LANGUAGES[0]])[0]


def is_begun(content: Content) -> bool:
    return bool(content.subject.strip() or content.body.strip() or content.preheader.strip())


def typed(form: Mapping[str, str]) -> Draft:
    """Read the posted form; browsers send CRLF, we keep LF."""
    draft = Draft(topic=form.get("topic", ""))
    draft.contents = {tongue: _content(form, tongue) for tongue in LANGUAGES}
    if not draft.begun:
        draft.errors["kk-subject"] = gettext("Write a subject and a message in one language.")
    return draft


def written(campaign: Campaign) -> Draft:
    """The form as the campaign stands."""
    draft = Draft(topic=campaign.topic.slug)
    draft.contents |= {body.language: body.content for body in campaign.bodies}
    return draft


def keep(draft: Draft, campaign: Campaign | None, actor: Actor) -> Campaign | None:
    """Create or edit; None where the domain refused something (the errors are in the draft).

    A language that is left empty is left out. Raises Conflict for a campaign that can no longer
    be written.
    """
    if campaign is None:
        _demand_topic(draft)
    for content in _changed(draft, campaign):
        _demand_whole(draft, content)
        try:
            campaign = _keep_one(draft, _subjected(draft, content), campaign, actor)
        except Missing:
            continue  # That the topic is missing has been said.
        except Invalid as refusal:
            field = f"{content.language}-{refusal.field or 'body'}"
            draft.errors.setdefault(field, refusal.message)
    draft.errors = dict(sorted(draft.errors.items(), key=_place_on_the_page))
    return None if draft.errors else campaign


def _subjected(draft: Draft, content: Content) -> Content:
    """With some subject where that it is missing has been said: the body is looked at all the same,
    and nothing is kept of a draft with an error."""
    is_said = f"{content.language}-subject" in draft.errors and not content.subject
    return replace(content, subject=content.language) if is_said else content


def begin(draft: Draft, actor: Actor) -> Campaign | None:
    """Create a draft of what there is, however little; None where the domain refused something."""
    _demand_topic(draft)
    campaign: Campaign | None = None
    for content in draft.contents.values() if not draft.errors else ():
        try:
            campaign = _keep_one(draft, content, campaign, actor)
        except Invalid as refusal:
            field = "subject" if refusal.field == "subject" else "body"
            draft.errors.setdefault(f"{content.language}-{field}", refusal.message)
    return None if draft.errors else campaign


def _demand_topic(draft: Draft) -> None:
    choices = {topic.slug for topic in topics.all_topics()} - {topics.NOTICES}
    if draft.topic not in choices:
        draft.errors["topic"] = gettext("Choose the topic that this campaign goes to.")


def _demand_whole(draft: Draft, content: Content) -> None:
    """What is missing is said together with whatever is wrong in the rest."""
    if content.format == Format.BLOCKS:
        return  # Written in any order: what is missing stops the start, not the saving.
    if not content.subject:
        sentence = gettext("Write a subject: it is what people see first.")
        draft.errors.setdefault(f"{content.language}-subject", sentence)
    if not content.body.strip():
        sentence = gettext("Write a message: the body is empty.")
        draft.errors.setdefault(f"{content.language}-body", sentence)


def _place_on_the_page(error: tuple[str, str]) -> tuple[int, int]:
    tongue, _, field = error[0].partition("-")
    if tongue not in LANGUAGES:
        return -1, 0
    return LANGUAGES.index(tongue), FIELDS.index(field) if field in FIELDS else len(FIELDS)


def _keep_one(draft: Draft, content: Content, campaign: Campaign | None, actor: Actor) -> Campaign:
    if campaign is None:
        return drafts.create(draft.topic, content, actor)
    return drafts.edit(campaign, content, actor)


def _changed(draft: Draft, campaign: Campaign | None) -> list[Content]:
    before = {body.language: body.content for body in campaign.bodies} if campaign else {}
    return [
        content
        for content in draft.contents.values()
        if (is_begun(content) or content.language in before)
        and content != before.get(content.language)
    ]


def _content(form: Mapping[str, str], tongue: str) -> Content:
    def said(name: str) -> str:
        return form.get(f"{tongue}-{name}", "").replace("\r\n", "\n")

    return Content(
        language=tongue,
        subject=said("subject").strip(),
        body=said("body"),
        format=said("format") or Format.MARKDOWN.value,
        preheader=said("preheader").strip(),
    )
