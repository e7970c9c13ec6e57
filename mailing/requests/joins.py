"""Joining by letter: the way back for whoever the form may no longer ask.

A form can be filled in by anybody, a letter from one's own address, authenticated, by its owner
alone. So it is asked for a yes, by the same mail and button as everybody, even after a withdrawal,
a complaint or a destruction; and with that yes the earlier "no" ends. Which letters count, and that
each counts once, is in `join_letters`.
"""

from dataclasses import replace

from mailing.base.database import db
from mailing.base.languages import DEFAULT
from mailing.deliveries import confirmations
from mailing.inbound import addresses, messages
from mailing.inbound.messages import Ending, InboundMessage
from mailing.people import forms, standings, subscribers, topics, wording
from mailing.people.address import Address
from mailing.people.forms import Form
from mailing.people.optins import Asked
from mailing.people.standings import Said
from mailing.people.subscribers import Subscriber
from mailing.people.topics import Topic
from mailing.policies import versions
from mailing.requests import join_letters
from mailing.requests.kinds import Kind
from mailing.requests.letters import Letter, Rest

ASKED, QUEUED = "asked", "queued"


def join(letter: Letter) -> Rest:
    """Ask whoever surely wrote it, and to this address, now; everything else is for a person, and
    nothing is sent."""
    address, message = letter.author.address, messages.find(letter.message_id)
    if not letter.author.is_authenticated or address is None or message is None:
        return lambda: _queue(letter)
    written_to = join_letters.written_to(message)
    if not written_to:
        return lambda: _queue(letter)
    meant = replace(letter, recipients=tuple(written_to))
    return lambda: _once(meant, message, address)


def _once(letter: Letter, message: InboundMessage, address: Address) -> Ending:
    """The same letter, brought again by whoever has it, asks nobody."""
    if not join_letters.is_first(message, address):
        return letter.ending("repeated", letter.author.known)
    return _ask(letter, address)


def _ask(letter: Letter, address: Address) -> Ending:
    # Of somebody new nothing stays unless a confirmation is on its way to them.
    with db.session.begin_nested() as attempt:
        subscriber = _subscriber(letter, address)
        action = _action(subscriber, letter)
        if action != ASKED:
            attempt.rollback()
    if action == QUEUED:
        return _queue(letter)
    return letter.ending(action, subscriber.id if action == ASKED else letter.author.known)


def _subscriber(letter: Letter, address: Address) -> Subscriber:
    """The author's row, locked; whoever was destroyed is somebody new."""
    subscribers.let_go(address)
    return subscribers.create(address, letter.reading.language or DEFAULT)


def _action(subscriber: Subscriber, letter: Letter) -> str:
    asked = _asked(subscriber, letter)
    if asked is None or subscriber.blocked_at is not None:
        return QUEUED
    held = standings.of(subscriber.id)
    if all(t in held and held[t].standing == Said.GIVEN for t in asked.wordings):
        return "subscribed_already"
    return ASKED if confirmations.ask_known(subscriber, asked) else "asked_enough"


def _asked(subscriber: Subscriber, letter: Letter) -> Asked | None:
    policy = versions.in_force()
    wanted = _topics(subscriber, letter)
    if policy is None or not wanted:
        return None
    language = letter.reading.language or subscriber.language
    return Asked(
        subscriber_id=subscriber.id,
        form_id=None,
        form_version=None,
        policy_id=policy.id,
        language=language,
        page=f"mailto:{addresses.join_address()}",
        wordings=wording.keep_sentences(wanted, policy, language),
        typed={},
        letter=letter.sha256,
    )


def _topics(subscriber: Subscriber, letter: Letter) -> list[Topic]:
    """Those that the address names; else those that they had; else those that any form offers."""
    others = [topic for topic in topics.all_topics() if topic.slug != topics.NOTICES]
    named = set(addresses.joined(list(letter.recipients)))
    held = standings.of(subscriber.id)
    had = [topic for topic in others if topic.id in held]
    return [topic for topic in others if topic.slug in named] or had or _offered(others)


def _offered(others: list[Topic]) -> list[Topic]:
    offered = {topic.id for form in forms.all_forms() for topic in _of(form)}
    return [topic for topic in others if topic.id in offered]


def _of(form: Form) -> list[Topic]:
    return forms.topics_of(forms.current(form))


def _queue(letter: Letter) -> Ending:
    whose = letter.author.likely
    return letter.ending(QUEUED, whose, letter.ask_a_person(Kind.JOIN, whose))
