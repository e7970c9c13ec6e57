"""The message as it would arrive: for a reader of choice, in a frame without rights, as text."""

from dataclasses import dataclass, replace
from email import message_from_bytes
from typing import Any
from uuid import UUID

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES, gettext
from mailing.base.settings import current
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries import nods, samples, trials
from mailing.deliveries.drafts import Previewed, preview_for
from mailing.deliveries.message import Recipient
from mailing.deliveries.samples import Sample
from mailing.staff.audit import record
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor, can
from webapp.studio.seen import fingerprint
from webapp.studio.shell import titled

PARTS = ("html", "phone", "dark", "bare", "text", "source")
FRAMED = PARTS[:4]

# A message is somebody's HTML: no script, no form, no address of ours; its own styles and images.
FRAME_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src {images}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# What programs do that turn every colour over; each does it a little otherwise.
_TURNED = Markup(
    "<style>html{filter:invert(1) hue-rotate(180deg);background:#fff}"
    "img{filter:invert(1) hue-rotate(180deg)}</style></head>"
)
LINE_LETTERS, LINE_HEIGHT = 60, 26
PICTURE_HEIGHT, HEAD_AND_FOOT = 320, 160
HIGHEST = 6000
# Gmail cuts the HTML of a mail off there, and with it the link to leave.
CLIPPED_AT = 102 * 1024


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see: whose, in which language, which part of it."""

    tongue: str
    part: str
    sample: str
    person: UUID | None

    @property
    def address(self) -> dict[str, str]:
        """The same as the fields of an address."""
        who = {"person": str(self.person)} if self.person else {"reader": self.sample}
        return {"language": self.tongue, "part": self.part, **who}


@studio.get("/campaigns/<int:campaign_id>/preview")
@needs(Act.READ_CAMPAIGNS)
def campaign_preview(campaign_id: int) -> str:
    return preview_page(campaigns.find(campaign_id))


@studio.get("/campaigns/<int:campaign_id>/preview/frame")
@needs(Act.READ_CAMPAIGNS)
def campaign_frame(campaign_id: int) -> Response:
    campaign = campaigns.find(campaign_id)
    asked = _asked(campaign)
    page = preview_for(campaign, asked.tongue, _reader(asked, campaign)).html
    is_dark = asked.part == "dark"
    answer = make_response(page.replace("</head>", _TURNED, 1) if is_dark else page)
    images = "'none'" if asked.part == "bare" else f"{current().public_url} https: data:"
    answer.headers["Content-Security-Policy"] = FRAME_POLICY.format(images=images)
    return answer


@studio.post("/campaigns/<int:campaign_id>/preview/person")
@needs(Act.SEE_PEOPLE)
def campaign_person(campaign_id: int) -> ResponseReturnValue:
    """A real subscriber by their exact address, which goes into no address of a page."""
    campaign = campaigns.find(campaign_id)
    asked = _asked(campaign)
    try:
        found = samples.find(request.form.get("email", ""))
    except Invalid as wrong:
        flash(wrong.message, "stop")
        return redirect(_here(campaign, asked), 303)
    if found is None:
        flash(gettext("Nobody is known by this address; the example stays."), "warn")
        return redirect(_here(campaign, asked), 303)
    record(actor(), "message previewed for", f"subscriber {found.id}", campaign=campaign_id)
    db.session.commit()
    shown = replace(asked, person=found.id, tongue=found.language)
    return redirect(_here(campaign, shown), 303)


def preview_page(campaign: Campaign, **more: object) -> str:
    """The page, and what was typed into the test where that was refused."""
    asked = _asked(campaign)
    seen, refusal = _look(campaign, asked)
    return render_template(
        "pages/studio/preview.html",
        campaign=campaign,
        sender=current().from_,
        asked=asked,
        tongue=asked.tongue,
        part=asked.part,
        seen=seen,
        refusal=refusal,
        frame_height=frame_height(seen) if seen else 0,
        html_size=html_size(seen) if seen else 0,
        clipped_at=CLIPPED_AT,
        seen_mark=fingerprint(campaign),
        samples=list(Sample),
        trials=trials.of(campaign.id) if can(Act.WRITE_CAMPAIGNS) else [],
        nod=nods.standing(campaign, asked.tongue),
        may_nod=nods.may_nod(campaign, asked.tongue, actor()),
        nods_to=nods.said_in(campaign, asked.tongue),
        **{"errors": {}, "typed": None, **more},
    )


def frame_height(seen: Previewed) -> int:
    """About how high the message is, in pixels: a frame without rights tells nobody its height."""
    lines = sum(1 + len(line) // LINE_LETTERS for line in seen.text.splitlines())
    pictures = seen.html.count("<img")
    return min(HEAD_AND_FOOT + LINE_HEIGHT * lines + PICTURE_HEIGHT * pictures, HIGHEST)


def html_size(seen: Previewed) -> int:
    """The octets of the HTML part as it is sent: encoded, with what base64 adds."""
    parts = message_from_bytes(seen.raw).walk()
    return sum(
        len(str(one.get_payload())) for one in parts if one.get_content_type() == "text/html"
    )


def _asked(campaign: Campaign) -> Asked:
    """What the address of the page asks for, each part set right where it is strange."""
    given = request.args
    asked = given.get("language")
    is_known = asked in LANGUAGES
    tongue = campaign.content_in(asked or "").language if is_known else titled(campaign).language
    part = given.get("part", PARTS[0])
    sample = given.get("reader", Sample.USUAL)
    return Asked(
        tongue=tongue,
        part=part if part in PARTS else PARTS[0],
        sample=sample if sample in set(Sample) else Sample.USUAL,
        person=_person(given.get("person", "")),
    )


def _here(campaign: Campaign, asked: Asked) -> str:
    given: dict[str, Any] = {"campaign_id": campaign.id, **asked.address}
    return url_for("studio.campaign_preview", **given)


def _person(text: str) -> UUID | None:
    """Whose id it is; for whoever may not see people, nobody's."""
    try:
        return UUID(text) if text and can(Act.SEE_PEOPLE) else None
    except ValueError:
        return None


def _reader(asked: Asked, campaign: Campaign) -> Recipient:
    real = samples.person(asked.person, campaign) if asked.person else None
    return real or samples.reader(asked.sample)


def _look(campaign: Campaign, asked: Asked) -> tuple[Previewed | None, str | None]:
    """The message, or the sentence that says why there is none."""
    try:
        return preview_for(campaign, asked.tongue, _reader(asked, campaign)), None
    except Invalid as refusal:
        return None, refusal.message
