"""Agreements: what somebody was asked on a form, and agreed to, told back to them as a receipt."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import OptInToken, link_keys
from mailing.people import evidence, ledger, overtaken, standings, suppression, topics
from mailing.people.forms import Form
from mailing.people.ledger import Kind
from mailing.people.optins import ABOVE, OptIn, State
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.topics import Topic
from mailing.people.wording import text_of, tongue
from mailing.policies import versions
from mailing.policies.versions import PolicyVersion


@dataclass(frozen=True)
class Agreement:
    """A request as its own page shows it: by which words, on which form, and what is so now.

    `asked_topics` are what it asks for; `above` is what the form said over its boxes; `sender`
    the address that mail comes from; `cancel` the token of `/u/<token>` that stops it; `form` is
    None where a preference page asked, or a letter of theirs (`by_letter`). `later` is the policy
    version in force now, where the request was made under another.
    """

    asked_topics: list[Topic]
    wordings: list[str]
    above: list[str]
    language: str
    state: str
    form: str | None
    form_version: int | None
    page: str
    policy: PolicyVersion
    asked_at: datetime
    agreed_at: datetime | None
    is_subscribed: bool
    sender: str
    cancel: str
    by_letter: bool = False
    later: PolicyVersion | None = None

    @property
    def tongue(self) -> str:
        """The language that the sentences are in."""
        return tongue(self.language)

    @property
    def topics(self) -> list[str]:
        """The topics by name, in the language of the request."""
        return [topics.name_in(topic, self.language) for topic in self.asked_topics]


def of(optin: OptIn) -> Agreement:
    """The agreement that a request is about."""
    by_id = {topic.id: topic for topic in topics.all_topics()}
    words = optin.wordings
    return Agreement(
        asked_topics=[by_id[topic_id] for topic_id in optin.topic_ids],
        wordings=[text_of(words[str(topic_id)]).text for topic_id in optin.topic_ids],
        above=[text_of(words[name]).text for name in ABOVE if name in words],
        language=optin.language,
        state=optin.standing,
        form=db.session.scalars(select(Form.slug).where(Form.id == optin.form_id)).one_or_none(),
        form_version=optin.form_version,
        page=optin.page,
        policy=versions.find(optin.policy_id),
        asked_at=optin.created_at,
        agreed_at=_agreed_at(optin) if optin.state == State.CONFIRMED else None,
        is_subscribed=_is_subscribed(optin),
        sender=current().from_,
        cancel=OptInToken(optin.id, optin.subscriber_id).text(
            link_keys(current().secret_keys), "cancel"
        ),
        by_letter=optin.letter is not None,
        later=overtaken.by_then(optin, clock.now()),
    )


def _agreed_at(optin: OptIn) -> datetime | None:
    """When the ledger says that the yes to this request was given."""
    for entry in ledger.history(optin.subscriber_id):
        body = evidence.body_of(entry.evidence_hash) if entry.kind == Kind.GIVEN else {}
        if body.get("optin") == str(optin.id):
            return entry.at
    return None


def _is_subscribed(optin: OptIn) -> bool:
    """Whether mail still comes because of it: some topic given, and nothing that shuts them out."""
    subscriber = db.session.get(Subscriber, optin.subscriber_id)
    if subscriber is None or subscriber.personal is None or subscriber.blocked_at:
        return False
    held = standings.of(optin.subscriber_id)
    given = {topic_id for topic_id, row in held.items() if row.standing == Said.GIVEN}
    return bool(given & set(optin.topic_ids)) and not suppression.reasons(subscriber.digest)
