"""Proofs: the final messages looked over, and whether people get the language that they chose."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from mailing.base import clock
from mailing.base.errors import KelisimError
from mailing.base.languages import gettext as _
from mailing.base.operator import is_named, operator_of
from mailing.base.settings import Settings, current
from mailing.base.tokens import LeaveToken, link_keys
from mailing.campaigns import brands, images
from mailing.campaigns.campaigns import Campaign, Kind
from mailing.campaigns.content import Format
from mailing.deliveries import drafts, fields, finished, frames, links, shades
from mailing.deliveries.checks import Check, Fix, Level
from mailing.deliveries.finished import Finished, Reader
from mailing.deliveries.links import Finding, LinkCheck
from mailing.deliveries.message import Oversight, Problem, inspect, oversights
from mailing.deliveries.message.review import Own, review
from mailing.deliveries.message.unshown import unshown
from mailing.deliveries.review_words import words_of
from mailing.deliveries.tongues import tongue
from mailing.people import forms

# What mail programs do not show is taken out of these on the way; their author should know.
_OF_A_DESIGNER = (Format.HTML, Format.MJML)


def of_messages(campaign: Campaign, settings: Settings) -> Iterator[Check]:
    """The final message of some people in each language that is written."""
    if not is_named(settings):
        return
    own, among = _own_origins(settings), finished.readers(campaign)
    for body in campaign.written:
        yield from _message(campaign, body.language, own, among)
    yield from fields.of(campaign, among)


def of_inboxes(campaign: Campaign) -> Iterator[Check]:
    """What an inbox shows beside the subject where no preview text is written."""
    for body in campaign.written:
        if not body.preheader.strip():
            detail = _("No preview text: an inbox shows the first words of the message instead.")
            title = _("Preview text")
            yield Check(f"preview_text-{body.language}", Level.WARN, title, detail, Fix.WRITE)


def of_brand() -> Iterator[Check]:
    """A logo that is lost in the dark is so in every language, and mended in the settings."""
    logo = _logo()
    if logo and shades.is_lost_by_name(logo):
        level, title, sentence = words_of("dark_picture")
        detail = sentence.format(what=images.find(logo).title)
        yield Check("dark_logo", level, title, detail, Fix.SETTINGS)


def _logo() -> str:
    brand = brands.at(clock.now())
    return (brand.logo if brand else None) or ""


def of_links(campaign: Campaign) -> Iterator[Check]:
    """What the links lead to, as far as somebody had them looked up within a day."""
    known = links.known_of(links.of(campaign))
    limit = clock.now() - links.COUNTS_FOR
    unseen = [
        a for a, row in known.items() if not (row and row.checked_at and row.checked_at > limit)
    ]
    if unseen:
        detail = _("Links that nobody has looked up within a day: %(num)s.", num=len(unseen))
        yield Check("links_unseen", Level.WARN, _("Links"), detail, Fix.READY)
    rows = [row for address, row in known.items() if row is not None and address not in unseen]
    wrong = [row for row in rows if row.finding != links.Finding.FINE]
    for row in wrong:
        yield Check("link", Level.WARN, _("Links"), _told_of(row), Fix.WRITE)
    if rows and not wrong and not unseen:
        detail = _("Every link was looked up and leads somewhere: %(num)s.", num=len(rows))
        yield Check("links", Level.FINE, _("Links"), detail)


def _told_of(row: LinkCheck) -> str:
    said = {
        links.Finding.BROKEN: _("%(address)s answers: %(told)s."),
        links.Finding.MOVED: _("%(address)s sends its readers on and on: %(told)s."),
        links.Finding.REFUSED: _("%(address)s was not looked up: it leads into a private network."),
    }
    sentence = said.get(
        Finding(row.finding or ""), _("%(address)s could not be checked: %(told)s.")
    )
    return sentence % {"address": row.address, "told": row.told}


def _message(
    campaign: Campaign, language: str, own: set[str], among: list[Reader]
) -> Iterator[Check]:
    title = f"Message in {language}"
    try:
        seen = drafts.preview(campaign, language)
        looked_at = list(finished.of(campaign, language, among))
    except KelisimError as error:
        yield Check(f"message-{language}", Level.STOP, title, error.message, Fix.WRITE)
        return
    problems = dict.fromkeys(problem for one in looked_at for problem in _problems(campaign, one))
    for problem in problems:
        yield Check(f"{problem.id}-{language}", Level.STOP, title, problem.detail, Fix.WRITE)
    if not problems:
        detail = _(
            "Messages looked at: %(num)s. Each has a way out that works, in both parts, and names"
            " the operator.",
            num=len(looked_at),
        )
        yield Check(f"message-{language}", Level.FINE, title, detail)
    for one in oversights(seen.subject, seen.html, seen.text, own):
        yield _overlooked(one, language)
    for one in shades.dark_pictures(seen.html, current(), _logo()):
        yield _overlooked(one, language)
    yield from _reviewed(campaign, language, looked_at)


def _problems(campaign: Campaign, sample: Finished) -> Iterator[Problem]:
    yield from inspect(sample.raw, operator_of(current()))
    if sample.reader is not None and not would_leave(campaign, sample):
        yield Problem("one_click_dead", "Its one-click address would unsubscribe nobody.")


def would_leave(campaign: Campaign, sample: Finished) -> bool:
    """Whether a post to the one-click address in these octets would leave this topic for this
    person: read as the address reads it, and nothing is done."""
    before = f"{current().public_url}/u/"
    if not sample.leave_address.startswith(before) or sample.reader is None:
        return False
    text = sample.leave_address.removeprefix(before)
    token = LeaveToken.read(link_keys(current().secret_keys), text)
    return token is not None and (token.subscriber, token.topic_id) == (
        sample.reader.id,
        campaign.topic_id,
    )


def _reviewed(campaign: Campaign, language: str, looked_at: list[Finished]) -> Iterator[Check]:
    frame = frames.campaign_frame(current(), campaign, language)
    topic = frame.topic_name if campaign.kind == Kind.CAMPAIGN else ""
    own = Own(frame.policy_url, topic, operator_of(current()).name, frame.head.logo_url)
    written = campaign.content_in(language)
    differ = "{%" in written.body
    found = [
        one
        for number, sample in enumerate(looked_at)
        for one in review(sample.raw, language, own, with_looks=differ or not number)
    ]
    if written.format in _OF_A_DESIGNER:
        found += unshown(written.body)
    yield from (_overlooked(finding, language) for finding in dict.fromkeys(found))


def _overlooked(found: Oversight, language: str) -> Check:
    level, title, sentence = words_of(found.id)
    detail = f"{tongue(language)}: {sentence.format(what=found.what)}"
    return Check(f"{found.id}-{language}", level, title, detail, Fix.WRITE)


def _own_origins(settings: Settings) -> set[str]:
    """Where images may lie: our own pages, and the sites that our forms stand on."""
    parts = urlsplit(settings.public_url)
    own = {f"{parts.scheme}://{parts.netloc}".lower()}
    return own.union(*(forms.current(form).origins for form in forms.all_forms()))


def of_languages(campaign: Campaign, chosen: dict[str, int]) -> Iterator[Check]:
    """Who gets a language that they did not choose, of those who would receive it."""
    written = [body.language for body in campaign.bodies]
    others = {one: number for one, number in chosen.items() if one not in written}
    if others:
        detail = _(
            "Of those who get it, some chose a language that is not written (%(chose)s); they get"
            " this one: %(own)s.",
            chose=", ".join(f"{tongue(one)}: {number}" for one, number in others.items()),
            own=tongue(campaign.language),
        )
        yield Check("languages", Level.WARN, "Languages", detail, Fix.WRITE)
