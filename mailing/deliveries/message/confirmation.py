"""The confirmation mail: one question, one button, nothing else.

It holds nothing that a stranger typed into the form: no name, no text of theirs, no marketing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mailing.base.languages import date_text
from mailing.deliveries.message.compiled import LEAVE, Compiled, Faces
from mailing.deliveries.message.frame import Frame, Kind, Recipient, Stamp, one_line
from mailing.deliveries.message.octets import Octets
from mailing.deliveries.message.program import Hole, Piece
from mailing.deliveries.message.skeleton import Dress


@dataclass(frozen=True, slots=True)
class ConfirmMail:
    """What was asked for: topic names in `language`, the registered page (empty where it is not
    known), the button's address.

    `asked_at` is aware, in the zone in which the date is to be shown; `source` is the
    door that was asked through: `form`, `preferences` (the page of somebody's choices) or `mail`.
    """

    language: str
    topics: Sequence[str]
    confirm_url: str
    page: str
    asked_at: datetime
    source: str = "form"


def confirmation(frame: Frame, mail: ConfirmMail, recipient: Recipient, stamp: Stamp) -> Octets:
    """The whole message. Its `stamp.leave_url` cancels the request; raises `UnsafeValue`."""
    frame = replace(frame, reason=Kind.CONFIRMATION)
    compiled = Compiled(_faces(frame, mail), frame)
    return compiled.render(recipient._replace(fields={}), stamp)


def _faces(frame: Frame, mail: ConfirmMail) -> Faces:
    subject = _subject(frame)
    dress = Dress("confirmation", mail.language, frame)
    shown = _shown(mail)
    leave: dict[str, list[Piece]] = {"leave": [Hole(LEAVE, "as_html")]}
    return Faces(
        subject=[subject],
        html=dress.html(leave, title=subject, **shown),
        text=dress.text({"leave": [Hole(LEAVE, "as_text")]}, **shown),
    )


def _subject(frame: Frame) -> str:
    _ = frame.gettext
    return _("%(operator)s: confirm your subscription") % {"operator": frame.operator.name}


def _shown(mail: ConfirmMail) -> dict[str, object]:
    return {
        "topics": [one_line("A topic's name", name) for name in mail.topics],
        "confirm_url": one_line("The address to confirm", mail.confirm_url),
        "page": one_line("The page of the form", mail.page),
        "source": mail.source,
        "date": date_text(mail.asked_at.date(), mail.language),
        "is_wide": False,
        "has_preheader": False,
        "styles": "",
    }
