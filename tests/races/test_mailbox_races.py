"""Mail that comes in at the exact moment that matters: a bounce, a complaint, a claim that is
confirmed, one letter by several doors."""

from functools import partial
from uuid import UUID

from sqlalchemy import text

from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import ReturnPath, link_keys
from mailing.inbound.messages import InboundMessage, Via
from mailing.people import ledger, subscribers
from mailing.people.ledger import Kind
from mailing.requests import claims, incoming
from tests import road
from tests.inbound.reports import bounced, complained
from tests.model import desk
from tests.races.field import Field
from tests.requests.post import claim_token
from tests.worker.postbox import HELPDESK, WITHDRAW, letter

DOORS = (Via.LISTENER, Via.IMAP, Via.FILE)


def address_of(subscriber: UUID) -> str:
    found = db.session.get_one(subscribers.Subscriber, subscriber)
    personal = subscribers.personal_of(found)
    db.session.rollback()
    assert personal is not None
    return personal.email


def returned(field: Field, subscriber: UUID) -> str:
    """The return path of a message of an earlier campaign that was handed over to somebody."""
    query = """
        SELECT id FROM deliveries
        WHERE subscriber_id = :who AND campaign_id <> :now AND state = 'accepted' LIMIT 1
    """
    values = {"who": subscriber, "now": field.campaign}
    delivery = db.session.scalar(text(query), values)
    db.session.rollback()
    return ReturnPath(delivery).address(link_keys(current().secret_keys), current().bounce_domain)


def second_campaign(field: Field) -> None:
    """Everybody has had a message of the first one; from now on it is the second that goes out."""
    field.sender.database.execute(
        "UPDATE deliveries SET state = 'accepted', sealed_at = now(), finished_at = now(), "
        "attempts = 1 WHERE campaign_id = %s",
        [field.campaign],
    )
    field.sender.database.execute("UPDATE batches SET due_at = NULL, finished_at = now()")
    field.campaign = road.another()


def forgotten(field: Field) -> None:
    """So that the same people may be raced again."""
    field.sender.database.execute("DELETE FROM suppressions")


def unasked(field: Field) -> None:
    """Let the mails that ask whether it was them lie: they would be claimed first."""
    field.sender.database.execute(
        "UPDATE batches SET due_at = NULL WHERE id IN "
        "(SELECT batch_id FROM deliveries WHERE kind = 'correspondence')"
    )


def test_a_gate_that_waits_for_a_bounce_holds_the_next_message(field: Field, times: int) -> None:
    second_campaign(field)

    def race() -> None:
        claim = field.claim()
        whose, path = address_of(claim.subscriber_id), returned(field, claim.subscriber_id)
        with field.track.shut("suppressions"):
            came = field.track.begin(lambda: incoming.take(bounced(whose), [path]))
            passed = field.track.begin(lambda: field.sender.ask([claim]))
            field.hit(claim, "claimed, the gate waits for a bounce")
        assert came.result().action == "suppressed"
        assert passed.result() == []
        assert field.reason(claim) == "suppressed_bounce"
        field.came_of(claim)
        forgotten(field)

    field.run(race, times)


def test_a_bounce_that_waits_for_the_gate_names_nobody_falsely(field: Field, times: int) -> None:
    """The permit was recorded first: that one message leaves, and no later one."""
    second_campaign(field)

    def race() -> None:
        claim = field.claim()
        whose, path = address_of(claim.subscriber_id), returned(field, claim.subscriber_id)
        with field.sender.database.transaction():
            passed = field.sender.ask([claim])
            came = field.track.begin(lambda: incoming.take(bounced(whose), [path]))
            field.hit(claim, "claimed, a bounce waits for the gate")
        assert came.result().action == "suppressed"
        assert field.finish(passed) is not None
        desk.put(
            field.sender.database, claim.delivery_id, ("claimed", field.sender.id, claim.fence)
        )
        assert field.sender.ask([claim]) == []
        field.came_of(claim)
        forgotten(field)

    field.run(race, times)


def test_a_complaint_takes_back_a_message_that_is_open(field: Field, times: int) -> None:
    second_campaign(field)

    def race() -> None:
        claim = field.claim()
        path = returned(field, claim.subscriber_id)
        passed = field.sender.ask([claim])
        field.hit(claim, "open")
        assert incoming.take(complained(), [path]).action == "suppressed"
        assert field.finish(passed) is None
        assert field.state(claim) == "held"
        field.came_of(claim)
        forgotten(field)

    field.run(race, times)


def test_one_letter_by_three_doors_at_once_is_acted_upon_once(field: Field, times: int) -> None:
    """Two listeners, the mailbox and the command line: the first acts, the others find it done."""

    def race() -> None:
        claim = field.claim()
        raw = letter(address_of(claim.subscriber_id), WITHDRAW) + claim.delivery_id.hex.encode()
        with field.track.shut("ledger"):
            took = [
                field.track.begin(partial(incoming.take, raw, [HELPDESK], door)) for door in DOORS
            ]
            field.hit(claim, "claimed, three doors")
        done = [one.result() for one in took]
        assert {(one.action, one.request_id) for one in done} == {("blocked", done[0].request_id)}
        assert len({one.id for one in done}) == 1
        said = [one.kind for one in ledger.history(claim.subscriber_id)]
        assert said.count(Kind.BLOCKED) == 1
        assert field.reason(claim) == "blocked"
        assert db.session.query(InboundMessage).filter_by(id=done[0].id).one().action == "blocked"
        claims.deny(claim_token(claim.subscriber_id))
        db.session.commit()
        unasked(field)
        field.came_of(claim)

    field.run(race, min(times, len(field.people)))


def test_a_claim_that_is_confirmed_while_the_gate_asks_lets_nothing_through(
    field: Field, times: int
) -> None:
    def race() -> None:
        claim = field.claim()
        incoming.take(letter(address_of(claim.subscriber_id), WITHDRAW), [HELPDESK])
        desk.put(
            field.sender.database, claim.delivery_id, ("claimed", field.sender.id, claim.fence)
        )
        token = claim_token(claim.subscriber_id)
        with field.track.shut("ledger"):
            pressed = field.track.begin(lambda: claims.confirm(token))
            passed = field.track.begin(lambda: field.sender.ask([claim]))
            field.hit(claim, "claimed, the gate waits for a claim")
        assert pressed.result() is not None
        assert passed.result() == []
        assert field.state(claim) == "held"
        assert ledger.last(claim.subscriber_id, None, Kind.WITHDRAWN) is not None
        db.session.rollback()
        unasked(field)
        field.came_of(claim)

    field.run(race, min(times, len(field.people)))
