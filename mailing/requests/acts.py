"""Acts: what each kind of letter asks for. Whatever commits for itself is done at once; the rest is
handed back, to be done in one transaction with the message's own end.
"""

from collections.abc import Callable
from dataclasses import replace

from mailing.inbound import bounces, complaints
from mailing.inbound.messages import Ending
from mailing.inbound.outcomes import Outcome
from mailing.inbound.reading import Kind, Reading
from mailing.requests import joins, unsubscribes, withdrawals
from mailing.requests.kinds import Kind as Asks
from mailing.requests.letters import Letter, Rest
from mailing.requests.timeline import OURSELVES


def act(letter: Letter) -> Rest:
    """Do what a letter asks for; what is left to do with its end."""
    return _ACTS[letter.reading.kind](letter)


def _unless_out(act: Callable[[Letter], Rest]) -> Callable[[Letter], Rest]:
    """By its address alone a letter to a signed way out asks to leave (RFC 2369 3.3): a mail
    program that sends it by itself says so in the header, and is obeyed all the same."""

    def obey(letter: Letter) -> Rest:
        if letter.actor != OURSELVES or not unsubscribes.is_way_out(letter):
            return act(letter)
        wish = replace(letter.reading, kind=Kind.UNSUBSCRIBE, reason="sent to a signed way out")
        return unsubscribes.unsubscribe(replace(letter, reading=wish))

    return obey


def _request(kind: Asks) -> Callable[[Letter], Rest]:
    """Leave it to the officer."""

    def act(letter: Letter) -> Rest:
        whose = letter.author.likely
        return lambda: letter.ending("opened", whose, letter.ask_a_person(kind, whose))

    return act


def _show(letter: Letter) -> Rest:
    """Nobody has understood it: a person reads it."""
    whose = letter.author.likely

    def rest() -> Ending:
        request = letter.ask_a_person(Asks.UNCLEAR, whose)
        return replace(letter.ending("waiting", whose, request), is_waiting=True)

    return rest


def _keep(letter: Letter) -> Rest:
    """It asks for nothing."""
    return lambda: letter.ending("kept", letter.author.likely)


def _bounced(letter: Letter) -> Rest:
    """A mail system says what became of a message of ours."""
    return lambda: _ended(letter, bounces.apply)


def _complained(letter: Letter) -> Rest:
    """Somebody pressed "this is spam": that leaves, and commits."""
    ending = _ended(letter, complaints.apply)
    return lambda: ending


def _ended(letter: Letter, apply: Callable[[int, Reading, list[str]], Outcome]) -> Ending:
    outcome = apply(letter.message_id, letter.reading, list(letter.recipients))
    return replace(letter.ending(outcome.action, outcome.subscriber), reason=outcome.reason)


_ACTS: dict[Kind, Callable[[Letter], Rest]] = {
    Kind.WITHDRAWAL: withdrawals.withdraw,
    Kind.UNSUBSCRIBE: unsubscribes.unsubscribe,
    Kind.JOIN: joins.join,
    Kind.RECTIFICATION: _request(Asks.RECTIFICATION),
    Kind.QUESTION: _request(Asks.QUESTION),
    Kind.UNCLEAR: _show,
    Kind.JUNK: _unless_out(_keep),
    Kind.AUTO_REPLY: _unless_out(_keep),
    Kind.BOUNCE_HARD: _bounced,
    Kind.BOUNCE_SOFT: _bounced,
    Kind.BOUNCE_OTHER: _bounced,
    Kind.COMPLAINT: _complained,
}
OF_STAFF = frozenset(
    {Kind.WITHDRAWAL, Kind.RECTIFICATION, Kind.QUESTION, Kind.UNSUBSCRIBE, Kind.JUNK}
)
