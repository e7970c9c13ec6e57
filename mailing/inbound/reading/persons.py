"""What people write: known by the address, and by the mark in one of the places of a message."""

from collections.abc import Iterable, Iterator

from mailing.inbound.reading.automatic import is_prefixed
from mailing.inbound.reading.known import Known
from mailing.inbound.reading.places import Places
from mailing.inbound.reading.values import Kind

Mark = tuple[str, Kind | None]


def by_person(places: Places) -> Known:
    """The first step that knows it, else what is left for a person to read."""
    return next((found for found in _steps(places) if found), None) or _left(places)


def _steps(places: Places) -> Iterator[Known | None]:
    """A withdrawal asks for the most: no other mark, wherever it stands, takes it back. Not the
    address either, unless the withdrawal is somebody else's: the address is the author's own."""
    own, others = list(_own(places)), list(_of_others(places))
    yield _marked(mark for mark in own if mark[1] is Kind.WITHDRAWAL)
    yield _addressed(places)
    yield _marked((mark for mark in others if mark[1] is Kind.WITHDRAWAL), is_passed_on=True)
    yield _marked(own[:-1])
    if is_prefixed(places.message):
        yield Known(Kind.AUTO_REPLY, "written by a machine")
    yield _marked(others, is_passed_on=True)
    yield _marked(own[-1:])


def _own(places: Places) -> Iterator[Mark]:
    """The places that hold the author's own words; last those that may only name a file."""
    if not places.is_anothers:
        yield "the subject", places.in_subject
    yield "the text", places.in_text
    if places.is_own_again:
        yield "their own letter, sent again", places.in_passed_on
    yield "an attachment's name", None if places.is_anothers else places.in_files


def _of_others(places: Places) -> Iterator[Mark]:
    if places.is_anothers:
        yield "the subject of a message that was passed on", places.in_subject
        yield "the name of a file that was passed on", places.in_files
    if not places.is_own_again:
        yield "a message that was passed on", places.in_passed_on


def _marked(marks: Iterable[Mark], *, is_passed_on: bool = False) -> Known | None:
    found = ((where, kind) for where, kind in marks if kind)
    return next((_known(where, kind, is_passed_on) for where, kind in found), None)


def _known(where: str, kind: Kind, is_passed_on: bool) -> Known:
    return Known(kind, f"the mark in {where}", is_by_words=True, is_passed_on=is_passed_on)


def _addressed(places: Places) -> Known | None:
    """By the mailbox that it was sent to: `unsubscribe+…@`, `join@`, `join+…@`."""
    if "unsubscribe" in places.boxes:
        return Known(Kind.UNSUBSCRIBE, "sent to the unsubscribe address")
    if "join" not in places.boxes:
        return None
    if Kind.UNSUBSCRIBE in (places.in_subject, places.in_text):
        return Known(Kind.UNCLEAR, "sent to the join address, but it asks to leave")
    return Known(Kind.JOIN, "sent to the join address")


def _left(places: Places) -> Known:
    message = places.message
    if message.field("X-Spam-Flag").lower() == "yes" or message.field(
        "X-Spam-Status"
    ).lower().startswith("yes"):
        return Known(Kind.JUNK, "marked as spam by the receiving server")
    if message.says("List-Unsubscribe", "List-Id"):
        return Known(Kind.JUNK, "a mailing of somebody else")
    if places.asks:
        return Known(Kind.QUESTION, "a person asks something", is_by_words=True)
    return Known(Kind.UNCLEAR, "no mark, and no question")
