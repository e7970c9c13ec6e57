"""Unsubscribes by letter: by the address it was sent to, by the message it answers, by its author.

A "stop" is carried out however sure its author is: to leave in somebody's name is a nuisance that
they can undo or mend with a form, to write on after their own "stop" breaks the promise. No mail
confirms it.
"""

from uuid import UUID

from mailing.inbound import addresses
from mailing.inbound.messages import Ending
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.links import NOBODY
from mailing.leaving.scope import Scope
from mailing.requests.kinds import Kind
from mailing.requests.letters import Letter, Rest

Meant = dict[UUID, Scope]


def unsubscribe(letter: Letter) -> Rest:
    """Leave what the letter is about. Commits."""
    by_address = _by_address(letter)
    meant = by_address or _by_author(letter)
    for subscriber_id, scope in meant.items():
        leave(Leaving(subscriber_id, scope, source="mail", patience=0))
    whose = next(iter(meant), None)
    if whose is None or not (by_address or letter.author.shows_who_it_is):
        # Whoever names somebody else hears the same whether or not we know them.
        return lambda: _queue(letter, whose)
    return lambda: letter.ending("left", whose)


def is_way_out(letter: Letter) -> bool:
    """Whether it was sent to an address that only our keys can make."""
    return bool(_by_address(letter))


def _by_address(letter: Letter) -> Meant:
    """What the addresses that it was sent to leave: whoever has one was given it (RFC 2369)."""
    outs = addresses.whose_ways_out(list(letter.recipients))
    return _together([(out.subscriber, out.topic_id) for out in outs])


def _by_author(letter: Letter) -> Meant:
    """The topics of the messages of ours that it shows, as whoever has their links may leave them;
    and everything for an author of whom none is shown. Where the author is sure, theirs alone: the
    message below a "stop" may be one that somebody else had passed on to them."""
    shown = _together([(t.subscriber_id, t.topic_id) for t in letter.author.traced])
    sure = letter.author.sure
    if sure is not None:
        return {sure: shown.get(sure, Scope.everything())}
    named = [one for one in (letter.author.known, *letter.author.named) if one is not None]
    return shown | {one: Scope.everything() for one in named if one not in shown}


def _together(pairs: list[tuple[UUID, int]]) -> Meant:
    topics: dict[UUID, list[int]] = {}
    for subscriber_id, topic_id in pairs:
        if subscriber_id != NOBODY:
            topics.setdefault(subscriber_id, []).append(topic_id)
    return {one: Scope.of_topics(*dict.fromkeys(ids)) for one, ids in topics.items()}


def _queue(letter: Letter, whose: UUID | None) -> Ending:
    request = letter.ask_a_person(Kind.UNSUBSCRIBE)
    return letter.ending("left" if whose else "queued", whose, request)
