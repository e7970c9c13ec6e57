"""One press of an officer: what a message is, and what follows at once."""

from sqlalchemy import func, select, text

from mailing.base.database import db
from mailing.deliveries import gate
from mailing.inbound.reading import Kind as ReadAs
from mailing.people import ledger
from mailing.people.ledger import Entry
from mailing.people.subscribers import Subscriber
from mailing.policies.versions import PolicyVersion
from mailing.requests import deciding, timeline
from mailing.requests.correspondent import Correspondent
from mailing.requests.kinds import Kind
from mailing.requests.requests import NewRequest, Request, open_request
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests import road
from tests.person import Person
from tests.requests.conftest import Asker
from tests.requests.desk import asked
from tests.requests.post import Post, claim_mails, requests_now, sure

OFFICER = Actor("staff 1", Role.OFFICER)


def unclear(address: str) -> Request:
    """A message in somebody's name that nobody has understood."""
    wrote = Correspondent(address, "id@example.org", (), True)
    request = open_request(NewRequest(Kind.UNCLEAR, correspondent=wrote))
    db.session.commit()
    return request


def entries(kind: ledger.Kind) -> int:
    return db.session.scalars(
        select(func.count()).select_from(Entry).where(Entry.kind == kind.value)
    ).one()


def test_a_withdrawal_stops_what_is_on_its_way_to_its_author_at_once(
    person: Person, asker: Asker
) -> None:
    road.start(road.campaign())
    (claim,) = asker.claims()
    deciding.decide(unclear(person.address).id, Kind.WITHDRAWAL, OFFICER)
    assert db.session.get_one(Subscriber, person.id).blocked_at is not None
    assert gate.ask(asker.connection, asker.settings, asker.owner, [claim]) == []
    query = "SELECT reason FROM deliveries WHERE state = 'held' AND kind = 'campaign'"
    assert db.session.execute(text(query)).scalars().all() == ["blocked"]
    # The receipt goes, all the same: it answers them.
    assert [one.permit.recipient for one in asker.passed()] == [person.address]


def test_it_can_be_taken_back_since_anybody_may_have_written(person: Person) -> None:
    request = unclear(person.address)
    for _ in range(2):
        deciding.decide(request.id, Kind.WITHDRAWAL, OFFICER)
    assert entries(ledger.Kind.BLOCKED) == 1
    assert entries(ledger.Kind.WITHDRAWN) == 0
    acted = [line for line in timeline.of(request.id) if line.what == "acted"]
    assert acted[0].details == {"did": "blocked"}
    assert acted[0].actor == OFFICER.name


def test_a_withdrawal_of_somebody_unknown_is_a_request_and_nothing_more(
    policy: PolicyVersion,
) -> None:
    request = deciding.decide(asked(Kind.UNCLEAR).id, Kind.WITHDRAWAL, OFFICER)
    assert request.kind == Kind.WITHDRAWAL
    assert entries(ledger.Kind.BLOCKED) == 0


def test_no_other_press_touches_anybodys_consent(person: Person) -> None:
    for kind in (Kind.QUESTION, Kind.RECTIFICATION, Kind.DESTRUCTION, Kind.JUNK):
        deciding.decide(unclear(person.address).id, kind, OFFICER)
    assert db.session.get_one(Subscriber, person.id).blocked_at is None
    assert entries(ledger.Kind.BLOCKED) == entries(ledger.Kind.WITHDRAWN) == 0


def acts_of(request_id: int) -> list[str]:
    return [one.details["did"] for one in timeline.of(request_id) if one.what == "acted"]


def test_a_slip_over_a_sure_authors_question_destroys_nothing(person: Person, post: Post) -> None:
    """Their own server says that they wrote it, but it was a person who read a withdrawal in it."""
    taken = post.comes(ReadAs.QUESTION, person.address, **sure())
    assert taken.request_id is not None
    deciding.decide(taken.request_id, Kind.WITHDRAWAL, OFFICER)
    db.session.commit()
    assert person.said()[-1] == "blocked all"
    assert requests_now() == [("withdrawal", person.id, "open")]
    assert len(claim_mails(person.id)) == 1
    assert acts_of(taken.request_id) == ["blocked"]


def test_a_press_without_effect_is_not_written_down_as_an_act(
    policy: PolicyVersion, post: Post
) -> None:
    taken = post.comes(ReadAs.QUESTION)
    assert taken.request_id is not None
    deciding.decide(taken.request_id, Kind.WITHDRAWAL, OFFICER)
    assert acts_of(taken.request_id) == []


def test_an_unsubscribe_that_staff_read_is_carried_out(person: Person, post: Post) -> None:
    taken = post.comes(ReadAs.UNCLEAR, person.address)
    assert taken.request_id is not None
    deciding.decide(taken.request_id, Kind.UNSUBSCRIBE, OFFICER)
    assert person.said()[-1] == "unsubscribed all"
    assert acts_of(taken.request_id) == ["left"]


def test_so_is_one_without_a_letter(person: Person) -> None:
    request = unclear(person.address)
    deciding.decide(request.id, Kind.UNSUBSCRIBE, OFFICER)
    assert person.said()[-1] == "unsubscribed all"
    assert acts_of(request.id) == ["left"]
