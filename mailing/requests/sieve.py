"""The sieve of the desk: which requests the queue shows, as its address says it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from mailing.requests.kinds import OF_THE_PERSON, PROVED, Channel, Kind
from mailing.requests.requests import Request
from mailing.requests.rights import Right

PROVED_VALUES = tuple(one.value for one in PROVED)


@dataclass(frozen=True)
class Sieve:
    """What is empty asks for nothing. `owner` is somebody's number, or 0 for what nobody has;
    `is_proved` false shows what somebody claims who has not been made sure of."""

    right: Kind | None = None
    channel: Channel | None = None
    owner: int | None = None
    is_proved: bool | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """As the database is asked."""
        found: list[ColumnElement[bool]] = []
        if self.right is not None:
            asked = select(Right.id).where(
                Right.request_id == Request.id, Right.kind == self.right.value
            )
            found.append(asked.exists())
        if self.channel is not None:
            found.append(Request.channel == self.channel.value)
        if self.owner is not None:
            found.append(Request.assignee_id.is_not_distinct_from(self.owner or None))
        if self.is_proved is not None:
            found.append(self._proof())
        return found

    def _proof(self) -> ColumnElement[bool]:
        """Of what only the person themselves may ask for; a question is anybody's."""
        if self.is_proved:
            return Request.identity.in_(PROVED_VALUES)
        claimed = select(Right.id).where(
            Right.request_id == Request.id, Right.kind.in_([one.value for one in OF_THE_PERSON])
        )
        return Request.identity.not_in(PROVED_VALUES) & claimed.exists()


ALL = Sieve()
