"""An answer to what a person asked for: a sentence, one button, and when it stops working.

It holds nothing that anybody typed; the address that it goes to is the only thing personal in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailing.deliveries.message.compiled import Compiled, Faces
from mailing.deliveries.message.frame import Frame, Kind, Recipient, Stamp, one_line
from mailing.deliveries.message.octets import Octets
from mailing.deliveries.message.skeleton import Dress


@dataclass(frozen=True, slots=True)
class AnswerMail:
    """Whole sentences in `language`: the heading, which is the subject as well, the paragraphs
    before and after the button, and the button's words and address. `source` is `staff` for whoever
    works here; for a person who asked it is empty."""

    language: str
    heading: str
    before: Sequence[str]
    button: str
    url: str
    after: Sequence[str]
    source: str = ""


def answer(frame: Frame, mail: AnswerMail, recipient: Recipient, stamp: Stamp) -> Octets:
    """The whole message, without a `List-` field and a link to leave; raises `UnsafeValue`."""
    frame = replace(frame, reason=Kind.CORRESPONDENCE)
    compiled = Compiled(_faces(frame, mail), frame)
    unlisted = stamp._replace(leave_url="", leave_mailto="")
    return compiled.render(recipient._replace(fields={}), unlisted)


def _faces(frame: Frame, mail: AnswerMail) -> Faces:
    subject = f"{frame.operator.name}: {mail.heading}"
    dress = Dress("answer", mail.language, frame)
    shown = _shown(mail)
    return Faces(
        subject=[subject],
        html=[*dress.html({}, title=subject, **shown)],
        text=[*dress.text({}, **shown)],
    )


def _shown(mail: AnswerMail) -> dict[str, object]:
    return {
        "mail": mail,
        "source": mail.source,
        "url": one_line("The address of the button", mail.url),
        "leave": "",
        "is_wide": False,
        "has_preheader": False,
        "styles": "",
    }
