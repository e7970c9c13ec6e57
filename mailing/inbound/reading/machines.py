"""What machines write: complaints, bounces, automatic replies, and whatever comes back to a return
path of ours in words that nobody here understands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailing.inbound.reading import blame, notification
from mailing.inbound.reading.automatic import is_automatic, says_so_in_its_header
from mailing.inbound.reading.bounce import bounce, sentences_of
from mailing.inbound.reading.complaint import Complaint, complaint
from mailing.inbound.reading.known import Known
from mailing.inbound.reading.marks import kind_in, strongest
from mailing.inbound.reading.opened import Opened
from mailing.inbound.reading.places import Places
from mailing.inbound.reading.quoting import unquoted
from mailing.inbound.reading.values import Kind, Report

_OUTWEIGHS = {Kind.WITHDRAWAL, Kind.RECTIFICATION}


def by_machine(places: Places) -> Iterator[Known | None]:
    """Each step in its order; the first that knows the message decides."""
    yield _complaint(places.message)
    yield _notified(places.message)
    yield _bounce(places)
    yield _way_out(places)
    yield _automatic(places)
    yield _came_back(places)


def doubted(places: Places, known: Known) -> Known:
    """What came back to a return path asks for nothing by its words: they may be our own, quoted
    in a way that is not known. The subject of a person's letter is theirs."""
    if not (places.came_back and known.is_by_words):
        return known
    is_theirs = known.kind is places.in_subject and known.kind in _OUTWEIGHS
    if is_theirs and not places.message.has_null_path:
        return known
    return replace(known, kind=Kind.UNCLEAR, reason=f"came back, but: {known.reason}")


def _complaint(message: Opened) -> Known | None:
    found = complaint(message)
    if found is None:
        return None
    return Known(Kind.COMPLAINT, f"a report of type {found.type}", complaint=found)


def _notified(message: Opened) -> Known | None:
    event = notification.notification(message)
    word = notification.kind_of(event)
    if word == "complaint":
        people = tuple(notification.complainers(event))
        told = Complaint(notification.feedback_type(event), people)
        return Known(Kind.COMPLAINT, "a sending service's own report", complaint=told)
    found = notification.reports(event) if word in ("bounce", "delivery") else []
    return _reported(found) if found else None


def _bounce(places: Places) -> Known | None:
    """Words alone make no bounce of what has a mark: a person may tell that a letter came back."""
    found = bounce(places.message)
    if found is None:
        return None
    is_sure = found.is_declared or places.came_back
    if not is_sure and (mark := _mark_of_a_person(places)):
        return Known(Kind.UNCLEAR, f"the mark of a {mark} in what may be a bounce")
    return _reported(found.reports)


def _mark_of_a_person(places: Places) -> Kind | None:
    own = unquoted(sentences_of(places.message))
    return strongest([places.in_subject, kind_in(own, places.marks)])


def _reported(found: Sequence[Report]) -> Known:
    judged = tuple(blame.judged(report) for report in found)
    return Known(blame.worst(judged), _why(judged), judged)


def _why(reports: Sequence[Report]) -> str:
    if not reports:
        return "a bounce that names no recipient"
    one = reports[0]
    words = " ".join(one.diagnostic.split())[:200]
    return ": ".join(filter(None, [f"{one.action} {one.status}".strip(), words]))


def _way_out(places: Places) -> Known | None:
    """A program that unsubscribes for its user says that it is one; the address is the wish."""
    if places.has_way_out and is_automatic(places.message):
        return Known(Kind.UNSUBSCRIBE, "sent to the unsubscribe address by a program")
    return None


def _automatic(places: Places) -> Known | None:
    """A subject alone may be a person's own, so it outweighs neither a mark nor a question."""
    if says_so_in_its_header(places.message):
        return Known(Kind.AUTO_REPLY, "written by a machine")
    if not is_automatic(places.message):
        return None
    told = None if places.came_back else (places.in_text or places.asks_of_us)
    if places.in_subject or told:
        return Known(Kind.UNCLEAR, "a mark or a question in what may be an automatic reply")
    return Known(Kind.AUTO_REPLY, "written by a machine")


def _came_back(places: Places) -> Known | None:
    """Under the null path and to a return path of ours no person writes (RFC 5321 4.5.5)."""
    is_report = places.is_to_return_path and places.message.has_null_path
    if not is_report or places.has_way_out:
        return None
    if places.in_subject:
        return Known(Kind.UNCLEAR, "a mark in the subject of what came back")
    return Known(Kind.BOUNCE_OTHER, "came back to a return path in words that are not known")
