"""A wish to leave: who, what, how and by which door; and what of it has not been said yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from mailing.base.roundtrip import Said
from mailing.leaving.scope import Scope
from mailing.people import ledger, standings, subscribers, suppression
from mailing.people.ledger import Appended, Kind, NewEntry
from mailing.people.standings import Held
from mailing.people.subscribers import Held as Person
from mailing.people.suppression import Why

KINDS = (Kind.UNSUBSCRIBED, Kind.WITHDRAWN, Kind.BLOCKED)

# The door of "this is spam": whoever comes by it is never written to again.
COMPLAINT = "complaint"

_WITHDRAWN = standings.Said.WITHDRAWN.value
_NO = frozenset({standings.Said.UNSUBSCRIBED.value, _WITHDRAWN})
# Whoever has withdrawn has unsubscribed as well, not the other way round.
_SAID_BY = {Kind.UNSUBSCRIBED: _NO, Kind.WITHDRAWN: frozenset({_WITHDRAWN})}


@dataclass(frozen=True)
class Leaving:
    """Who leaves what, how and by which door.

    `kind` is unsubscribed, withdrawn or blocked; `source` one-click, page, mail, staff or
    complaint; `patience` the seconds to wait for what is being handed over. Raises ValueError for
    a kind that is no leaving: nothing that comes this way may ever say yes.
    """

    subscriber_id: UUID
    scope: Scope
    kind: Kind = Kind.UNSUBSCRIBED
    source: str = "one-click"
    actor: str = "subscriber"
    reason: str = ""
    patience: float = 1.0
    # When they said so, where that was before it is carried out: by the journal's line.
    said_at: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is no leaving")

    @property
    def why(self) -> Why | None:
        """For what the address itself is kept out."""
        if self.kind is Kind.WITHDRAWN:
            return Why.WITHDRAWN
        return Why.COMPLAINT if self.source == COMPLAINT else None

    @property
    def holds_as(self) -> str:
        """The reason of whatever is kept back."""
        return "suppressed_complaint" if self.why is Why.COMPLAINT else self.kind.value


def saying(
    leaving: Leaving,
    person: Person,
    held: Mapping[int, Held],
    topic_ids: list[int] | None,
    ids: Sequence[int],
) -> tuple[list[Said], list[Appended]]:
    """What appends all of this wish that nobody has said, and what the entries are known by, their
    `ids` among these; `topic_ids` None means everything. The caller holds the person's row, and
    has read `held` since."""
    scopes = to_say(leaving, person.blocked_at is not None, held, topic_ids)
    if leaving.why is not None:
        suppression.suppress(person.digest, leaving.why)
    blocks = [subscribers.blocking([person.id])] if leaving.kind is Kind.BLOCKED else []
    news = [entry(leaving, topic_id) for topic_id in scopes]
    said, appended = ledger.appending(news, [person], ids)
    return [*blocks, *said], appended


def suppress_unknown(leaving: Leaving, digest: str | None) -> None:
    """Keep out whoever said this "no" and is not known here: they came after this backup."""
    if leaving.why is not None and digest is not None:
        suppression.suppress(bytes.fromhex(digest), leaving.why)


def to_say(
    leaving: Leaving,
    is_blocked: bool,
    held: Mapping[int, Held],
    topic_ids: list[int] | None,
) -> list[int | None]:
    """The scopes that need an entry: what has been said already is not said twice."""
    if leaving.kind is Kind.BLOCKED:
        return [] if is_blocked else [None]
    if topic_ids is not None:
        return [t for t in topic_ids if t not in held or held[t].standing not in _NO]
    said = {row.standing for row in held.values() if row.of_everything}
    if leaving.kind is Kind.UNSUBSCRIBED and _WITHDRAWN in said:
        # A withdrawal is not lessened; only what was said yes to since is ended.
        return [t for t, row in held.items() if row.standing not in _NO]
    others = [row for row in held.values() if not row.of_everything]
    return [] if said and not others and said <= _SAID_BY[leaving.kind] else [None]


def entry(leaving: Leaving, topic_id: int | None) -> NewEntry:
    """What the ledger keeps of a wish, for one topic or (None) everything."""
    said_at = {"said_at": leaving.said_at} if leaving.said_at else {}
    return NewEntry(
        subscriber_id=leaving.subscriber_id,
        kind=leaving.kind,
        topic_id=topic_id,
        policy_id=None,
        source=leaving.source,
        actor=leaving.actor,
        evidence={"scope": leaving.scope.text} | said_at,
        private={"reason": leaving.reason} if leaving.reason else None,
    )
