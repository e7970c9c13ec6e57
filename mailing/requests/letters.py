"""Letters: a message that has been read, with its author, on its way to being acted upon."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from mailing.inbound.authors import Author
from mailing.inbound.messages import Ending
from mailing.inbound.reading import Reading
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.requests.timeline import OURSELVES


@dataclass(frozen=True)
class Letter:
    """One message as it was read; `actor` is who says what it is: kelisim, or staff. `is_old`
    where its date is not of the days in which it came: it may have been brought again.
    """

    message_id: int
    sha256: str
    reading: Reading
    recipients: tuple[str, ...]
    author: Author
    is_old: bool = False
    actor: str = OURSELVES

    def ending(
        self, action: str, subscriber_id: UUID | None = None, request: Request | None = None
    ) -> Ending:
        """What became of it."""
        return Ending(
            kind=self.reading.kind.value,
            action=action,
            reason=self.reading.reason,
            subscriber_id=subscriber_id,
            request_id=request.id if request else None,
        )

    def ask_a_person(self, kind: Kind, subscriber_id: UUID | None = None) -> Request:
        """Open a request that this letter is behind; the same again is the same request."""
        return open_request(self.new_request(kind, subscriber_id))

    def new_request(
        self, kind: Kind, subscriber_id: UUID | None = None, is_behind: bool = True
    ) -> NewRequest:
        """A request because of this letter; `is_behind` where it is the one that names it."""
        return NewRequest(
            kind=kind,
            subscriber_id=subscriber_id,
            inbound_id=self.message_id if is_behind else None,
            language=self.reading.language,
            correspondent=Correspondent.of(self.reading),
            actor=self.actor,
        )


# What is left to do after everything that commits for itself: in one transaction with the
# message's own end, so that it is done once.
Rest = Callable[[], Ending]
