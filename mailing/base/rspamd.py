"""rspamd, the spam filter that an operator may have: a message is shown to it, and it says what it
would do. Nobody asks within a transaction, and no page waits for it.

The protocol is rspamd's own (its documentation, "Rspamd protocol"): the message is posted to
`/checkv2`, and what an SMTP server would know besides stands in fields. Nothing is delivered.
"""

import http.client
from enum import StrEnum
from urllib.parse import urlsplit

from mailing.base.dialling import PORTS, Place, connected
from mailing.base.filtering import Nonsense, Skipped, Verdict, read
from mailing.base.settings import Settings

# rspamd itself gives up on a message after eight (its `task_timeout`).
SECONDS = 10.0
LARGEST_ANSWER = 1_000_000  # octets

# As its own client does, so that what it is shown counts for nobody's reputation, rate or greylist;
# and there is no connection whose name and address it could hold against the message.
_AS_ITS_CLIENT = {"User-Agent": "rspamc", "Helo": "rspamc.local", "Hostname": "rspamc.local"}
_LOCKED = (401, 403)


class Trouble(StrEnum):
    """Why there is no verdict."""

    AWAY = "away"
    SLOW = "slow"
    LOCKED = "locked"
    NONSENSE = "nonsense"
    SKIPPED = "skipped"


class Unjudged(Exception):
    """It said nothing that can be used; `trouble` is why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


def judge(raw: bytes, recipient: str, settings: Settings) -> Verdict:
    """What the configured rspamd makes of a whole message (RFC 5322); raises Unjudged."""
    try:
        status, said = _post(raw, recipient, settings)
    except TimeoutError as error:
        raise Unjudged(Trouble.SLOW) from error
    except OSError as error:
        raise Unjudged(Trouble.AWAY) from error
    except (http.client.HTTPException, ValueError) as error:
        raise Unjudged(Trouble.NONSENSE) from error
    if status != http.client.OK:
        raise Unjudged(Trouble.LOCKED if status in _LOCKED else Trouble.NONSENSE)
    try:
        return read(said)
    except Skipped as error:
        raise Unjudged(Trouble.SKIPPED) from error
    except Nonsense as error:
        raise Unjudged(Trouble.NONSENSE) from error


def _post(raw: bytes, recipient: str, settings: Settings) -> tuple[int, bytes]:
    place = _place(settings.rspamd_url or "")
    headers = {**_AS_ITS_CLIENT, "Rcpt": recipient}
    if settings.rspamd_password:
        headers["Password"] = settings.rspamd_password
    with connected(place, SECONDS) as connection:
        connection.request("POST", place.path, raw, headers)
        with connection.getresponse() as answer:
            return answer.status, answer.read(LARGEST_ANSWER + 1)


def _place(url: str) -> Place:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or PORTS[parts.scheme]
    return Place(parts.scheme, host, port, f"{parts.path.rstrip('/')}/checkv2", host)
