"""Mail of ours in a stranger's hands: whoever reads it speaks for nobody but themselves.

A receipt goes to whoever wrote, and who wrote may only have named a subscriber; the question
whether a new address is theirs goes to whoever reads there. The ids of such a message lead to no
subscriber.
"""

from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import LeaveToken, ReturnPath, link_keys
from mailing.deliveries import addressees, answers, storms
from mailing.deliveries.answers import Answer, AnswerKind
from mailing.deliveries.deliveries import Delivery, message_id
from mailing.deliveries.returns import Return
from mailing.inbound import bounces, outcomes, traces
from mailing.inbound.reading import Action, Kind, Report, Traces
from mailing.people import address_changes, suppression
from mailing.people.canonical import canonical
from mailing.people.subscribers import digest_of
from mailing.people.suppression import Why
from mailing.requests import moving
from tests import road
from tests.person import Person
from tests.requests.conftest import fresh_token, newest
from tests.requests.post import Post, requests_now

STRANGER = "mallory@example.org"


def sent(delivery_id: UUID) -> UUID:
    """It has left."""
    row = db.session.get_one(Delivery, delivery_id)
    row.sealed_at = clock.now()
    db.session.commit()
    return delivery_id


@pytest.fixture
def receipt(person: Person, post: Post) -> UUID:
    """What a stranger got for a question in which they name a subscriber as where to answer."""
    taken = post.comes(Kind.QUESTION, STRANGER, reply_to=person.address)
    assert taken.subscriber == person.id
    found = newest(AnswerKind.RECEIPT)
    assert found.digest == digest_of(canonical(STRANGER))
    return sent(found.delivery_id)


def shown(delivery_id: UUID, whose: UUID) -> list[Traces]:
    """Each way to show a message of ours."""
    token = LeaveToken(whose, 1, delivery_id).text(link_keys(current().secret_keys))
    return [
        Traces(deliveries=(delivery_id.hex,)),
        Traces(message_ids=(message_id(delivery_id, "glazik.example"),)),
        Traces(leave_links=(f"https://x.example/u/{token}",)),
    ]


def path_of(delivery_id: UUID) -> str:
    keys = link_keys(current().secret_keys)
    return ReturnPath(delivery_id).address(keys, current().bounce_domain)


@pytest.mark.parametrize("way", [0, 1, 2])
def test_a_complaint_about_a_stranger_s_receipt_suppresses_nobody(
    person: Person, post: Post, receipt: UUID, way: int
) -> None:
    seen = shown(receipt, person.id)[way]
    taken = post.comes(Kind.COMPLAINT, STRANGER, feedback_type="abuse", traces=seen)
    assert (taken.action, taken.subscriber) == ("ignored", None)
    assert taken.reason == "its message went to somebody who is not known here"
    assert suppression.reasons(person.row.digest) == {}
    assert outcomes.ignored() == {"stranger": 1}


def test_its_return_path_complains_for_nobody_either(
    person: Person, post: Post, receipt: UUID
) -> None:
    path = path_of(receipt)
    assert post.comes(Kind.COMPLAINT, to=[path], feedback_type="abuse").action == "ignored"
    assert suppression.reasons(person.row.digest) == {}


@pytest.mark.parametrize("way", [0, 1, 2])
@pytest.mark.parametrize("kind", [Kind.WITHDRAWAL, Kind.UNSUBSCRIBE])
def test_an_answer_to_it_leaves_for_nobody(
    person: Person, post: Post, receipt: UUID, kind: Kind, way: int
) -> None:
    before = person.said()
    seen = shown(receipt, person.id)[way]
    assert post.comes(kind, STRANGER, traces=seen).action == "queued"
    assert person.said() == before
    assert [whose for _, whose, _ in requests_now()][1:] == [None]


@pytest.mark.parametrize("kind", [Kind.BOUNCE_HARD, Kind.BOUNCE_SOFT])
def test_its_bounce_counts_against_the_stranger_s_address_alone(
    person: Person, post: Post, receipt: UUID, kind: Kind
) -> None:
    report = Report(STRANGER, Action.FAILED, "5.1.1", "gone", kind=kind)
    taken = post.comes(kind, None, to=[path_of(receipt)], reports=(report,))
    assert taken.subscriber is None
    assert suppression.reasons(person.row.digest) == {}
    theirs = set(suppression.reasons(digest_of(canonical(STRANGER))))
    assert theirs == ({Why.BOUNCE} if kind is Kind.BOUNCE_HARD else set())
    counted = select(func.count()).where(Return.subscriber_id == person.id)
    assert db.session.scalar(counted) == 0


def test_soft_bounces_of_strangers_never_add_up(person: Person, post: Post, receipt: UUID) -> None:
    report = Report(STRANGER, Action.FAILED, "4.2.2", "full", kind=Kind.BOUNCE_SOFT)
    for _ in range(bounces.SOFT_DAYS + 1):
        post.comes(Kind.BOUNCE_SOFT, None, to=[path_of(receipt)], reports=(report,))
        db.session.execute(text("UPDATE returns SET at = at - interval '1 day'"))
        db.session.commit()
    assert suppression.reasons(digest_of(canonical(STRANGER))) == {}


def test_a_storm_that_a_person_decides_reaches_the_stranger_and_not_whom_they_named(
    person: Person, post: Post, receipt: UUID
) -> None:
    report = Report(STRANGER, Action.FAILED, "5.1.1", "gone", kind=Kind.BOUNCE_HARD)
    post.comes(Kind.BOUNCE_HARD, None, to=[path_of(receipt)], reports=(report,))
    suppression.forget_bounce(digest_of(canonical(STRANGER)), storms.detail_of(1))
    number = db.session.scalar(
        text(
            "WITH s AS (INSERT INTO storms (cause, provider, sample, state, began_at, last_at) "
            "VALUES ('x', '', '', 'open', now(), now()) RETURNING id) "
            "UPDATE returns SET storm_id = s.id FROM s RETURNING s.id"
        )
    )
    assert number is not None
    storms.decide(number, True, road.ACTOR)
    assert suppression.reasons(person.row.digest) == {}
    assert set(suppression.reasons(digest_of(canonical(STRANGER)))) == {Why.BOUNCE}


def test_a_receipt_to_the_subscriber_s_own_address_is_theirs(person: Person, post: Post) -> None:
    post.comes(Kind.QUESTION, person.address)
    own = sent(newest(AnswerKind.RECEIPT).delivery_id)
    assert addressees.of(db.session.get_one(Delivery, own)) == person.id
    (trace,) = traces.verified(Traces(deliveries=(own.hex,)))
    assert trace.subscriber_id == person.id
    seen = Traces(deliveries=(own.hex,))
    assert post.comes(Kind.COMPLAINT, feedback_type="abuse", traces=seen).action == "suppressed"
    assert set(suppression.reasons(person.row.digest)) == {Why.COMPLAINT}


def test_whoever_was_asked_whether_an_address_is_theirs_speaks_for_nobody(
    person: Person,
) -> None:
    """Somebody gave a stranger's address for their new one; also once the change is over."""
    moving.ask(fresh_token(person), STRANGER)
    db.session.commit()
    change = address_changes.of(person.id)[-1].id
    asked = sent(newest(AnswerKind.NEW_ADDRESS).delivery_id)
    for _ in range(2):
        assert traces.verified(Traces(deliveries=(asked.hex,))) == []
        answers.forget(change)
        db.session.commit()
        db.session.expire_all()
    assert db.session.get_one(Answer, asked).digest is None
