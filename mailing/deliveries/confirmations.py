"""Confirmations: the opt-in by form, asked about by mail and said yes to by a button.

Whatever a form was filled in with, the caller learns nothing: the answer is the same for a
known and an unknown address. Who may be asked at all is the table of mission.md.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.jobs import SEND, ring
from mailing.base.languages import LANGUAGES
from mailing.base.plain import MAX_FIELD, clean_field
from mailing.base.settings import current
from mailing.base.tokens import OptInToken, link_keys
from mailing.deliveries import batches
from mailing.deliveries.deliveries import Delivery, Kind
from mailing.people import (
    agreements,
    forms,
    ledger,
    optins,
    standings,
    subscribers,
    suppression,
    topics,
    wording,
)
from mailing.people.address import Address
from mailing.people.agreements import Agreement
from mailing.people.canonical import canonical
from mailing.people.ledger import NewEntry
from mailing.people.optins import Asked, OptIn, State, Submission
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why
from mailing.people.topics import Topic
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion

A_DAY = timedelta(days=1)
BEFORE_A_RESEND = timedelta(seconds=60)
AFTER_A_BOUNCE = timedelta(days=30)
NO_DAY = date(1970, 1, 1)


@dataclass(frozen=True)
class Form:
    """A submission that has been understood."""

    version: forms.FormVersion
    policy: PolicyVersion
    topics: list[Topic]


@dataclass(frozen=True)
class Again:
    """The wish for a second mail, by the address alone; nothing of it is kept."""

    form_slug: str
    address: str
    language: str
    is_trapped: bool = False


def submit(submission: Submission) -> None:
    """Take a form: `requested` and a confirmation, where this person may be asked.

    Raises Invalid for an address that cannot be, for no or another's topic, and for a policy
    version that is not in force; Missing for a form that does not exist.
    """
    form = _understand(submission)
    address = canonical(submission.address)
    # The same work is done for everybody, and taken back for whoever may not be asked: the time
    # of the answer tells nobody who is subscribed, and of a stranger's address nothing stays.
    with db.session.begin_nested() as attempt:
        subscriber = subscribers.create(address, submission.language)
        is_asked = _ask(subscriber, _asked(subscriber, form, submission), address)
        if not is_asked or submission.is_trapped:
            attempt.rollback()


def resend(again: Again) -> None:
    """Mail once more what an address asked for last through a form and has not answered.

    The question, its words and its policy version are those of the first mail. Raises Invalid
    for an address that cannot be, Missing for a form that does not exist.
    """
    form = _offered(again.form_slug)
    address = canonical(again.address)
    with db.session.begin_nested() as attempt:
        subscriber = subscribers.create(address, again.language)
        last = optins.newest_open(subscriber.id, form.version.form_id)
        # For whoever has asked nothing the whole form is asked, and that is taken back.
        whole = _asked(subscriber, form, _of_everything(form, again))
        is_asked = _ask(subscriber, Asked.once_more(last) if last else whole, address)
        if not is_asked or last is None or again.is_trapped:
            attempt.rollback()


def ask_known(subscriber: Subscriber, asked: Asked) -> bool:
    """Ask somebody who holds a link of ours, or wrote from their own address (`asked.letter`), by
    a confirmation mail; whether one is on its way.

    The subscriber is locked. A link may have been forwarded, so it alone is no yes.
    """
    personal = subscribers.personal_of(subscriber)
    if personal is None:
        return False
    with db.session.begin_nested() as attempt:
        is_asked = _ask(subscriber, asked, canonical(personal.email))
        if not is_asked:
            attempt.rollback()
    return is_asked


def take_known(subscriber: Subscriber, asked: Asked) -> bool:
    """Take the yes of somebody who holds a fresh link: its mail was asked for within the day, and
    answers what a confirmation would ask. Whether it was taken; the subscriber is locked."""
    optin = optins.open_request(asked)
    _settle(subscriber, optin)
    return optin.state == State.CONFIRMED


def may_be_asked(subscriber: Subscriber) -> bool:
    """Whether this person may say yes here (the table of mission.md)."""
    return not (_forbidden(subscriber) or _is_shut(subscriber))


def look(text: str) -> Agreement | None:
    """What a confirmation link is about; None for a link that is not ours."""
    token = OptInToken.read(link_keys(current().secret_keys), "confirm", text)
    optin = optins.find(token.optin) if token else None
    return agreements.of(optin) if optin else None


def confirm(text: str) -> Agreement | None:
    """Say yes to a request: `given` for its topics, once. None for a link that is not ours."""
    token = OptInToken.read(link_keys(current().secret_keys), "confirm", text)
    subscriber = subscribers.lock(token.subscriber) if token else None
    optin = optins.find(token.optin) if token else None
    if subscriber is None or optin is None:
        return None
    if optin.standing == State.OPEN:
        _settle(subscriber, optin)
    return agreements.of(optin)


def _offered(slug: str) -> Form:
    """The form as it stands, with every topic that it offers."""
    version = forms.current(forms.find(slug))
    policy = versions.in_force()
    if policy is None:
        raise Invalid("No policy is in force, so nothing can be agreed to.", "policy")
    return Form(version, policy, forms.topics_of(version))


def _understand(submission: Submission) -> Form:
    form = _offered(submission.form_slug)
    if form.policy.id != submission.policy_id:
        raise Invalid("The policy has changed since this page was opened; read it again.", "policy")
    offered = {topic.slug: topic for topic in form.topics}
    chosen = [offered[slug] for slug in dict.fromkeys(submission.topics) if slug in offered]
    if submission.language not in LANGUAGES:
        raise Invalid(f"The language is one of {', '.join(LANGUAGES)}.", "language")
    if not chosen or set(submission.topics) - set(offered):
        raise Invalid("Choose at least one of the topics that this form offers.", "topic")
    return replace(form, topics=chosen)


def _of_everything(form: Form, again: Again) -> Submission:
    return Submission(
        form_slug=again.form_slug,
        address=again.address,
        topics=tuple(topic.slug for topic in form.topics),
        language=again.language,
        policy_id=form.policy.id,
        page="",
    )


def _asked(subscriber: Subscriber, form: Form, submission: Submission) -> Asked:
    """What is asked, with every sentence that was shown kept as wording."""
    language = submission.language
    return Asked(
        subscriber_id=subscriber.id,
        form_id=form.version.form_id,
        form_version=form.version.version,
        policy_id=form.policy.id,
        language=language,
        page=submission.page,
        wordings=wording.keep_sentences(form.topics, form.policy, language),
        typed=_typed(submission, form.policy),
        above=form.version.texts.get(language, {}),
    )


def _ask(subscriber: Subscriber, asked: Asked, address: Address) -> bool:
    """Ask what has not been said yes to; False where this has to be taken back."""
    wanted = _not_yet_given(subscriber, asked)
    number = _free_number(subscriber, wanted or set(asked.wordings))
    # Each of these is asked for everybody, whatever the one before it says.
    is_author = asked.letter is not None
    against = [_is_rush(address), bool(_forbidden(subscriber, is_author)), _is_shut(subscriber)]
    told = {topic_id: asked.wordings[topic_id] for topic_id in wanted or asked.wordings}
    optin = optins.open_request(replace(asked, wordings=told))
    kind, typed = ledger.Kind.REQUESTED, asked.typed
    ledger.append_many([_entry(kind, optin, topic_id, typed) for topic_id in optin.topic_ids])
    # Written for everybody: without a free number it is taken back, on a day that never was.
    _deliver(optin, number or 1, clock.now().date() if number else NO_DAY)
    ring(SEND)
    return not any(against) and bool(wanted) and number is not None


def _not_yet_given(subscriber: Subscriber, asked: Asked) -> set[int]:
    # A stranger who fills in the form must not turn a yes into a question; where somebody moved
    # from, a yes that a backup brought back is theirs no longer, and is asked for anew.
    if Why.MOVED in suppression.reasons(subscriber.digest):
        return set(asked.wordings)
    held = standings.of(subscriber.id)
    given = {topic_id for topic_id, row in held.items() if row.standing == Said.GIVEN}
    return set(asked.wordings) - given


def _forbidden(subscriber: Subscriber, is_author: bool = False) -> set[Why]:
    """Why nothing may be asked now; a bounce is forgotten for this after thirty days, and
    whoever reads an address that somebody moved from may speak for it. Whoever wrote from their
    own address, authenticated, is stopped by staff alone."""
    since = suppression.reasons(subscriber.digest)
    if is_author:
        return {Why.STAFF} & set(since)
    since.pop(Why.MOVED, None)
    old = clock.now() - AFTER_A_BOUNCE
    return {why for why, at in since.items() if why is not Why.BOUNCE or at > old}


def _is_shut(subscriber: Subscriber) -> bool:
    return subscriber.blocked_at is not None or subscriber.personal is None


def _is_rush(address: Address) -> bool:
    """Whether so many addresses of one provider were asked within the hour that it is a flood.

    Counted in the database: it holds with Redis away, and for every door.
    """
    limit = current().join_domain_hourly
    return limit > 0 and optins.number_lately(address.provider, limit) >= limit


def _free_number(subscriber: Subscriber, wanted: set[int]) -> int | None:
    """1 or 2: which of the day's two confirmations this would be; None when there is none left.

    The subscriber's row is locked, so two posts at once count one after the other. The same
    question is put again only after a minute: a double click is not a wish for a second mail.
    """
    now = clock.now()
    recent = (
        select(Delivery, OptIn)
        .join(OptIn, OptIn.id == Delivery.optin_id)
        .where(Delivery.subscriber_id == subscriber.id, Delivery.created_at > now - A_DAY)
        .order_by(Delivery.created_at)
    )
    sent = [(row[0], row[1]) for row in db.session.execute(recent)]
    today = {d.confirmation_number for d, _ in sent if d.confirmation_day == now.date()}
    if any(d.created_at > now - BEFORE_A_RESEND and wanted <= set(o.topic_ids) for d, o in sent):
        return None
    free = [number for number in (1, 2) if number not in today]
    return free[0] if len(sent) < 2 and free else None


def _typed(submission: Submission, policy: PolicyVersion) -> dict[str, Any]:
    """What the policy version lets us keep; a value that cannot be is left out, never an error."""
    # Where it came from is what the door saw, never what somebody typed under that name.
    seen = {
        "network_address": submission.network_address or "",
        "user_agent": (submission.user_agent or "")[:MAX_FIELD],
    }
    offered = submission.fields | seen
    return {
        name: clean
        for name, value in offered.items()
        if name in policy.fields and name != "email" and (clean := _clean(name, value))
    }


def _clean(name: str, value: str) -> str:
    try:
        return clean_field(name, value)
    except Invalid:
        return ""


def _entry(kind: ledger.Kind, optin: OptIn, topic_id: int, typed: dict[str, Any]) -> NewEntry:
    declared: tuple[str, ...] = ("network_address", "user_agent")
    private = {name: typed[name] for name in declared if name in typed}
    return NewEntry(
        subscriber_id=optin.subscriber_id,
        kind=kind,
        topic_id=topic_id,
        policy_id=optin.policy_id,
        source=optin.source,
        actor="subscriber",
        evidence=optin.evidence(topic_id),
        private=private or None,
    )


def _deliver(optin: OptIn, number: int, day: date) -> None:
    at = clock.now()
    db.session.add(
        Delivery(
            kind=Kind.CONFIRMATION.value,
            batch_id=batches.of_one(),
            optin_id=optin.id,
            subscriber_id=optin.subscriber_id,
            topic_id=optin.topic_ids[0],
            confirmation_day=day,
            confirmation_number=number,
            created_at=at,
        )
    )
    db.session.flush()


def _settle(subscriber: Subscriber, optin: OptIn) -> None:
    # A bounce does not count: whoever answers has received the mail that asks.
    is_author = optin.letter is not None
    if _forbidden(subscriber, is_author) - {Why.BOUNCE} or _is_shut(subscriber):
        optins.close(optin, State.CANCELLED)
        return
    typed = optin.typed()
    news = [_entry(ledger.Kind.GIVEN, optin, topic_id, typed) for topic_id in optin.topic_ids]
    ledger.append_many([*news, *_notices_again(optin)])
    personal = subscribers.personal_of(subscriber)
    if personal is not None:
        subscribers.keep_personal(subscriber, personal.with_fields(typed))
    if optin.form_id is not None:  # The preference centre has a button of its own for that.
        subscriber.language = optin.language
    lift = suppression.lift_own if is_author else suppression.lift_bounce
    lift(subscriber.digest)
    optins.close(optin, State.CONFIRMED)


def _notices_again(optin: OptIn) -> list[NewEntry]:
    """A new yes, which names the notices in its wording, ends a "no" to everything for them.

    A "no" to the notices alone stays.
    """
    notices = topics.find(topics.NOTICES)
    row = standings.of(optin.subscriber_id).get(notices.id)
    if row is None or not (row.of_everything and row.refused):
        return []
    return [replace(_entry(ledger.Kind.GIVEN, optin, optin.topic_ids[0], {}), topic_id=notices.id)]
