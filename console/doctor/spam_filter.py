"""Does the spam filter judge? It is shown a message of two lines. Nothing here fails the doctor:
mail is sent without a filter, too."""

from collections.abc import Iterator
from email.utils import format_datetime
from urllib.parse import urlsplit

from console.doctor.finding import Finding, fine, look
from mailing.base import clock, rspamd
from mailing.base.rspamd import Trouble, Unjudged
from mailing.base.settings import Settings

_NOBODY = "somebody@example.com"
_TOLD = {
    Trouble.AWAY: "does not answer",
    Trouble.SLOW: f"took longer than {rspamd.SECONDS:g} seconds",
    Trouble.LOCKED: "wants a password, or another one: set KELISIM_RSPAMD_PASSWORD",
    Trouble.NONSENSE: "does not answer as rspamd does: name a normal or a controller worker",
    Trouble.SKIPPED: "lets mail from here pass without a look: its own settings say so",
}


def spam_filter(settings: Settings) -> Iterator[Finding]:
    """How rspamd answers; nothing is said where none is configured."""
    if settings.rspamd_url is None:
        return
    name = urlsplit(settings.rspamd_url).netloc
    try:
        rspamd.judge(_message(settings), _NOBODY, settings)
    except Unjudged as error:
        yield look("rspamd", f"{name} {_TOLD[error.trouble]}")
    else:
        yield fine("rspamd", f"{name} judges")


def _message(settings: Settings) -> bytes:
    lines = [
        f"From: {settings.from_}",
        f"To: {_NOBODY}",
        f"Date: {format_datetime(clock.now())}",
        "Subject: Kelisim doctor",
        "",
        "Nobody gets this message.",
        "",
    ]
    return "\r\n".join(lines).encode()
