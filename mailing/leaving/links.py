"""Links to leave: what one is about, leaving by it, and taking it back within a day."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailing.base import roundtrip
from mailing.base.database import db, each_by_itself
from mailing.base.languages import spoken
from mailing.base.reach import UNREACHABLE
from mailing.base.saying import ask
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, OptInToken, link_keys
from mailing.deliveries import returns
from mailing.deliveries.addressees import NOBODY as NOBODY
from mailing.deliveries.deliveries import Delivery, State
from mailing.leaving import scope, undoing
from mailing.leaving.leave import NOBODY_KNOWN, Leaving, NobodyKnown, leave
from mailing.leaving.receipts import Receipt
from mailing.leaving.scope import Scope
from mailing.people import address_changes, lost, standings, subscribers, suppression, topics
from mailing.people.address import masked
from mailing.people.standings import Said, Standing
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why

# Of these, the relay's answer is not known, or not yet.
_IN_DOUBT = (State.SEALED, State.UNCERTAIN)


@dataclass(frozen=True)
class LeaveView:
    """What the page behind a link to leave has to know, and the language to say it in.

    `ended` says that not these topics alone were left: `stopped` (everything), `withdrawn`;
    `can_undo_stop`, that the preference page still takes the former back.
    """

    topics: list[str]
    language: str
    address: str
    is_subscribed: bool
    undo_until: datetime | None
    ended: str = ""
    can_undo_stop: bool = False

    @property
    def can_undo(self) -> bool:
        """Whether what was left here can still be taken back."""
        return self.undo_until is not None


def is_preview(token: str) -> bool:
    """Whether a link of ours belongs to nobody: it stands in a preview, and does nothing."""
    meant = _meant(token)
    return meant is not None and meant[0] == NOBODY


def person_of(token: str) -> UUID | None:
    """Whose link it is; None for one that is not ours."""
    meant = _meant_now(token)
    return meant[0] if meant else None


def by_token(token: str, patience: float, source: str = "one-click") -> Receipt | None:
    """Leave what a link is about; None for a link that is not ours (nothing changes)."""
    meant = _meant(token)
    if meant is None:
        return None
    receipt = leave(Leaving(meant[0], meant[1], source=source, patience=patience))
    _confirm_arrival(token)
    return receipt


def look(token: str, asked_language: str | None = None) -> LeaveView | None:
    """What a link is about; None for a link that is not ours. Raises NobodyKnown.

    The topics are named in the language asked for, else in the person's own.
    """
    meant = _meant_now(token)
    if meant is None:
        return None
    subscriber = db.session.get(Subscriber, meant[0])
    if subscriber is None and lost.digest_of(meant[0]) is None:
        raise NobodyKnown(NOBODY_KNOWN)
    topic_ids = scope.topics_of(meant[1], meant[0], topics.all_topics())
    language = asked_language or (subscriber.language if subscriber else spoken())
    personal = subscribers.personal_of(subscriber) if subscriber else None
    return LeaveView(
        topics=scope.names(topic_ids, language),
        language=language,
        address=masked(personal.email) if personal else "",
        is_subscribed=_is_subscribed(meant[0], topic_ids),
        undo_until=undoing.until(undoing.of_topics(subscriber, topic_ids))
        if subscriber and not _was_for_another(token, meant[0])
        else None,
        ended=_ended(subscriber),
        can_undo_stop=subscriber is not None and stop_undo_until(token, subscriber) is not None,
    )


def undo(token: str) -> bool:
    """Take back an unsubscribe of the last 24 hours; whether there was one. Commits."""
    meant = _meant_now(token)
    subscriber = subscribers.lock(meant[0]) if meant else None
    if meant is None or subscriber is None or _was_for_another(token, subscriber.id):
        return False
    topic_ids = scope.topics_of(meant[1], subscriber.id, topics.all_topics())
    is_back = undoing.take_back(undoing.of_topics(subscriber, topic_ids))
    db.session.commit()
    return is_back


def undo_stop(token: str) -> bool:
    """Take back “stop everything” of the last 24 hours; whether there was one. Commits."""
    meant = _meant_now(token)
    subscriber = subscribers.lock(meant[0]) if meant else None
    is_own = subscriber is not None and not _was_for_another(token, subscriber.id)
    is_back = is_own and undoing.take_back(undoing.of_everything(subscriber))
    db.session.commit()
    return is_back


def stop_undo_until(token: str, subscriber: Subscriber) -> datetime | None:
    """Until when “stop everything” can be taken back by this link; None where it cannot be."""
    if _was_for_another(token, subscriber.id):
        return None
    return undoing.until(undoing.of_everything(subscriber))


def _ended(subscriber: Subscriber | None) -> str:
    if subscriber is None:
        return ""
    if subscriber.personal is None and not subscribers.is_forgotten(subscriber):
        return "withdrawn"
    why = set(suppression.reasons(subscriber.digest))
    said = standings.of(subscriber.id).values()
    if why & {Why.WITHDRAWN, Why.DESTROYED} or any(s.standing == Said.WITHDRAWN for s in said):
        return "withdrawn"
    is_left = any(row.standing == Said.UNSUBSCRIBED and row.of_everything for row in said)
    return "stopped" if is_left and not _is_subscribed(subscriber.id, None) else ""


def _was_for_another(token: str, subscriber_id: UUID) -> bool:
    """Whether a link lies in a mailbox that its person has moved from: it leaves, for them, and
    says no yes."""
    moved_at = address_changes.moved_at(subscriber_id)
    if moved_at is None:
        return False
    read = LeaveToken.read(link_keys(current().secret_keys), token)
    carried = db.session.get(Delivery, read.delivery) if read else None
    return carried is None or carried.created_at <= moved_at


def _confirm_arrival(token: str) -> None:
    """The message whose link comes back was received, whatever the relay said of it. Commits; what
    was left is durable already, so no trouble here hides it."""
    read = LeaveToken.read(link_keys(current().secret_keys), token)
    if read is None:
        return
    try:
        with each_by_itself():
            found = ask(roundtrip.Said(_STATE, {"id": str(read.delivery)}))[0]
        if found and found[0][0] in _IN_DOUBT:
            returns.confirm_by_token(read.delivery)
            db.session.commit()
    except UNREACHABLE:
        db.session.rollback()


_STATE = "SELECT state FROM deliveries WHERE id = %(id)s::uuid"


def _meant_now(token: str) -> tuple[UUID, Scope] | None:
    """Who it is about by now, and what."""
    meant = _meant(token)
    return (_now(meant[0]), meant[1]) if meant else None


def _meant(token: str) -> tuple[UUID, Scope] | None:
    """Whom it was written to, and what it is about."""
    keys = link_keys(current().secret_keys)
    left = LeaveToken.read(keys, token)
    cancelled = OptInToken.read(keys, "cancel", token)
    if left:
        return left.subscriber, Scope.of_topics(left.topic_id)
    if cancelled:
        return cancelled.subscriber, Scope.of_optin(cancelled.optin)
    return None


def _now(subscriber_id: UUID) -> UUID:
    """Who it is by now: the link may have been sent before the database was restored."""
    try:
        return lost.now_known_as(subscriber_id)
    except UNREACHABLE:
        db.session.rollback()
        return subscriber_id


def subscribed_topics(subscriber_id: UUID) -> set[int]:
    """The topics that somebody has said yes to, and the notices where they come along."""
    return _on(standings.of(subscriber_id), (Said.GIVEN,))


def _is_subscribed(subscriber_id: UUID, topic_ids: list[int] | None) -> bool:
    on = _on(standings.of(subscriber_id), (Said.GIVEN, Said.REQUESTED))
    return bool(on if topic_ids is None else on.intersection(topic_ids))


def _on(held: dict[int, Standing], counted: tuple[Said, ...]) -> set[int]:
    notices = topics.find(topics.NOTICES).id
    on = {t for t, row in held.items() if row.standing in counted}
    # Nobody asks for the notices: they come with any topic until they are refused.
    if on - {notices} and not (notices in held and held[notices].refused):
        on.add(notices)
    return on
