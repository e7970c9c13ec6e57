"""By staff: what somebody of the staff stops on a person's behalf, or keeps out, and why.

Nothing here lifts a "no". The reason is one of a closed list, which the log may name; words beside
it may name somebody, and are sealed with the entry of the ledger.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from mailing.base.errors import Invalid, Missing, Unavailable
from mailing.base.languages import gettext as _
from mailing.base.plain import clean_field
from mailing.leaving import kept_out
from mailing.leaving.journal import JournalError
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.receipts import Receipt
from mailing.leaving.scope import Scope
from mailing.people import subscribers
from mailing.people.ledger import Kind
from mailing.people.suppression import Why
from mailing.staff import audit
from mailing.staff.audit import Actor

SOURCE = "staff"
PERSON_WAITS = 2.0


class Ground(StrEnum):
    """On what ground staff act. A closed list: free words could name somebody."""

    TOLD = "told"
    WRITTEN = "written"
    COMPLAINED = "complained"
    RELATIVE = "relative"
    OURS = "ours"


@dataclass(frozen=True)
class Because:
    """Why staff act: a ground, and words of their own, if they say any."""

    ground: Ground
    words: str = ""

    @property
    def text(self) -> str:
        """As it is sealed with the entry."""
        return f"{self.ground}: {self.words}" if self.words else self.ground.value


def because(ground: str, words: str = "") -> Because:
    """Raises Invalid for a ground that is none, and for words that cannot be kept."""
    if ground not in set(Ground):
        raise Invalid(_("Choose why; it is logged."), field="reason")
    return Because(Ground(ground), clean_field("words", words))


def stop(
    subscriber_id: UUID, scope: Scope, kind: Kind, actor: Actor, reason: str = "", ground: str = ""
) -> Receipt:
    """Leave on somebody's behalf, by the one verb of leaving, which commits; the log's line waits
    for the caller's commit. Raises Unavailable as `leave`."""
    wish = Leaving(subscriber_id, scope, kind, SOURCE, actor.name, reason, PERSON_WAITS)
    receipt = leave(wish)
    told = {"scope": scope.text, "receipt": receipt.id} | ({"reason": ground} if ground else {})
    audit.record(actor, f"person {kind.value}", f"subscriber {subscriber_id}", **told)
    return receipt


def keep_out(subscriber_id: UUID, why: Because, actor: Actor) -> None:
    """Suppress the address: nothing is mailed to it any more. Staff do not take that back here.
    Raises Missing where nobody is known, or no more, and Unavailable without a journal: what it
    does not say, a restored backup would not know."""
    person = subscribers.lock(subscriber_id)
    if person is None or person.personal is None:
        raise Missing(_("There is no person of this number, or their data were destroyed."))
    try:
        kept_out.write_down(subscriber_id, person.digest, Why.STAFF, why.ground.value)
    except (JournalError, OSError) as error:
        raise Unavailable(
            _(
                "Nothing was changed: the withdrawal journal cannot be written (%(why)s).",
                why=error,
            )
        ) from None
    audit.record(actor, "person suppressed", f"subscriber {subscriber_id}", reason=why.ground.value)
