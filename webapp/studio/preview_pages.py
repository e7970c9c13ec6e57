"""The message as it would arrive: rendered in a frame without rights, as text, and as source."""

from flask import Response, make_response, render_template, request

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES
from mailing.campaigns import campaigns
from mailing.campaigns.campaigns import Campaign
from mailing.deliveries.drafts import Previewed, preview
from mailing.staff.permissions import Act
from webapp.studio.blueprint import needs, studio
from webapp.studio.shell import titled

PARTS = ("html", "text", "source")

# A message is somebody's HTML: no script, no form, no address of ours; its own styles and images.
FRAME_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
LINE_LETTERS, LINE_HEIGHT = 60, 26
PICTURE_HEIGHT, HEAD_AND_FOOT = 320, 160
HIGHEST = 6000


@studio.get("/campaigns/<int:campaign_id>/preview")
@needs(Act.READ_CAMPAIGNS)
def campaign_preview(campaign_id: int) -> str:
    campaign = campaigns.find(campaign_id)
    tongue, part = _tongue(campaign), request.args.get("part", PARTS[0])
    seen, refusal = _look(campaign, tongue)
    return render_template(
        "pages/studio/preview.html",
        campaign=campaign,
        tongue=tongue,
        part=part if part in PARTS else PARTS[0],
        seen=seen,
        refusal=refusal,
        frame_height=frame_height(seen) if seen else 0,
    )


@studio.get("/campaigns/<int:campaign_id>/preview/frame")
@needs(Act.READ_CAMPAIGNS)
def campaign_frame(campaign_id: int) -> Response:
    campaign = campaigns.find(campaign_id)
    answer = make_response(preview(campaign, _tongue(campaign)).html)
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    return answer


def frame_height(seen: Previewed) -> int:
    """About how high the message is, in pixels: a frame without rights tells nobody its height."""
    lines = sum(1 + len(line) // LINE_LETTERS for line in seen.text.splitlines())
    pictures = seen.html.count("<img")
    return min(HEAD_AND_FOOT + LINE_HEIGHT * lines + PICTURE_HEIGHT * pictures, HIGHEST)


def _tongue(campaign: Campaign) -> str:
    """The language of what is shown: of the words that a reader of the one asked for gets."""
    asked = request.args.get("language")
    return campaign.content_in(asked).language if asked in LANGUAGES else titled(campaign).language


def _look(campaign: Campaign, tongue: str) -> tuple[Previewed | None, str | None]:
    """The message, or the sentence that says why there is none."""
    try:
        return preview(campaign, tongue), None
    except Invalid as refusal:
        return None, refusal.message
