"""The rights in a request: each with its own due date, decision and end.

One letter may ask to see the data and to have them destroyed: the one is answered in three working
days and the other done in one, and whoever gets the one may be refused the other. The request is
due with the earliest of what is still open.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, select
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mailing.base.database import DEPERSONALISED, OPERATIONAL, PERSONAL, Table, db
from mailing.base.errors import Missing
from mailing.requests import due
from mailing.requests.due import Due
from mailing.requests.kinds import Kind, Resolution, RightState

At = TIMESTAMP(timezone=True)
KNOWN = (
    "('withdrawal', 'rectification', 'question', 'access', 'destruction', 'blocking', "
    "'unblocking', 'unsubscribe', 'join', 'complaint', 'unclear', 'junk')"
)


class Right(Table):
    """One right that a request asks for."""

    __tablename__ = "request_rights"
    __table_args__ = (
        CheckConstraint(f"kind IN {KNOWN}", name="right_kind_is_known"),
        CheckConstraint("state IN ('open', 'decided', 'done')", name="right_state_is_known"),
        CheckConstraint("ruling IN ('grant', 'part', 'refuse')", name="right_ruling_is_known"),
        CheckConstraint(
            "(ruling IS NULL) = (ruled_at IS NULL) AND (ruling IS NULL) = (ruled_by IS NULL) "
            "AND (state <> 'open' OR ruling IS NULL) "
            "AND (state <> 'decided' OR ruling <> 'refuse')",
            name="right_is_ruled_by_somebody",
        ),
        CheckConstraint(
            "ruling IS NULL OR ruling = 'grant' OR ground IS NOT NULL",
            name="right_refused_has_a_ground",
        ),
        CheckConstraint(
            "(state = 'done') = (done_at IS NOT NULL) "
            "AND (state = 'done') = (resolution IS NOT NULL)",
            name="done_right_says_how",
        ),
        CheckConstraint("due_at <= outer_due_at", name="right_is_due_within_the_outer_limit"),
        Index("one_right_of_a_kind_a_request", "request_id", "kind", unique=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, info=OPERATIONAL)
    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"), info=OPERATIONAL)
    kind: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    state: Mapped[str] = mapped_column(Text, info=DEPERSONALISED)
    due_at: Mapped[datetime] = mapped_column(At, info=DEPERSONALISED)
    outer_due_at: Mapped[datetime] = mapped_column(At, info=DEPERSONALISED)
    ruling: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    ground: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    # What the person reads about the decision, sealed to whom the request is about.
    words: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    ruled_by: Mapped[str | None] = mapped_column(Text, info=OPERATIONAL)
    ruled_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)
    resolution: Mapped[str | None] = mapped_column(Text, info=DEPERSONALISED)
    done_at: Mapped[datetime | None] = mapped_column(At, info=DEPERSONALISED)

    @property
    def what(self) -> Kind:
        return Kind(self.kind)

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide on it."""
        return self.state == RightState.OPEN

    @property
    def clock(self) -> Due:
        """By when it is due, and at the very latest."""
        return Due(self.due_at, self.outer_due_at)

    def move(self, to: Due) -> None:
        """Another due date; the outer limit is that of the day on which it came."""
        self.due_at, self.outer_due_at = to.at, to.outer_at

    def open_again(self) -> None:
        """It is to be decided anew."""
        self.state, self.resolution, self.done_at = RightState.OPEN.value, None, None
        self.ruling, self.ground, self.words = None, None, None
        self.ruled_at, self.ruled_by = None, None

    def end(self, resolution: Resolution, at: datetime) -> None:
        """It is over, so or so."""
        self.state, self.done_at = RightState.DONE.value, at
        self.resolution = resolution.value


def laid(kinds: Iterable[Kind], received_at: datetime) -> list[Right]:
    """Rights that are about to be kept, with the clocks of the day on which they came."""
    return [_laid(kind, due.of(kind, received_at)) for kind in kinds]


def keep(request_id: int, new: Iterable[Right]) -> None:
    """Keep them with their request."""
    for one in new:
        one.request_id = request_id
        db.session.add(one)
    db.session.flush()


def of(request_id: int) -> list[Right]:
    """The rights of a request, in the order in which they were asked for."""
    query = select(Right).where(Right.request_id == request_id).order_by(Right.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def of_each(request_ids: Sequence[int]) -> dict[int, list[Right]]:
    """The same of many requests at once."""
    query = select(Right).where(Right.request_id.in_(request_ids)).order_by(Right.id)
    found: dict[int, list[Right]] = {one: [] for one in request_ids}
    for right in db.session.scalars(query):
        found[right.request_id].append(right)
    return found


def find(right_id: int) -> Right:
    """Raises Missing."""
    found = db.session.get(Right, right_id, populate_existing=True)
    if found is None:
        raise Missing(f"There is no right {right_id} in any request.")
    return found


def named(request_id: int, kind: Kind) -> Right:
    """The right of this kind in a request; raises Missing."""
    found = next((one for one in of(request_id) if one.what is kind), None)
    if found is None:
        raise Missing(f"This request does not ask for {kind}.")
    return found


def _laid(kind: Kind, dates: Due) -> Right:
    return Right(
        kind=kind.value,
        state=RightState.OPEN.value,
        due_at=dates.at,
        outer_due_at=dates.outer_at,
    )
