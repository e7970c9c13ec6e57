"""What `kelisim request` prints of a request."""

from typing import Any

from console.output import Answer
from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import answers
from mailing.deliveries.deliveries import Delivery
from mailing.people import stopped
from mailing.requests import answering, claim_mails, queue, rights, timeline
from mailing.requests.queue import Line
from mailing.requests.requests import Request
from mailing.requests.rights import Right
from mailing.staff.staff import Staff


def after(found: Request) -> Answer:
    """A request after an act."""
    line = queue.line_of(found, clock.now())
    return Answer(summary(line), f"{found.number}: {found.kind}, {found.state}.")


def summary(line: Line) -> dict[str, Any]:
    """As a line of the list."""
    found = line.request
    person = db.session.get(Staff, found.assignee_id) if found.assignee_id else None
    return {
        "id": found.id,
        "number": found.number,
        "kind": found.kind,
        "channel": found.channel,
        "state": found.state,
        "group": line.group,
        "days_left": line.days_left,
        "received_at": found.received_at,
        "due_at": found.due_at,
        "outer_due_at": found.outer_due_at,
        "assignee": person.email if person else None,
        "subscriber": found.subscriber_id,
        "resolution": found.resolution,
        "identity": found.identity,
        "paused_at": found.paused_at,
        "rights": [right_of(one) for one in rights.of(found.id)],
    }


def right_of(one: Right) -> dict[str, Any]:
    """One right of a request."""
    return {
        "right": one.kind,
        "state": one.state,
        "due_at": one.due_at,
        "ruling": one.ruling,
        "ground": one.ground,
        "resolution": one.resolution,
    }


def whole(found: Request) -> dict[str, Any]:
    """With what was sent and what happened."""
    wrote = found.correspondent
    return {
        **summary(queue.line_of(found, clock.now())),
        "language": found.tongue,
        "wrote": wrote.address if wrote else None,
        "answer_to": answering.recipient_of(found),
        "reason": found.why or None,
        "stopped": stopped.of(found.subscriber_id),
        "sent": [_sent(*one) for one in claim_mails.sent_about(found)],
        "timeline": [_event(line) for line in timeline.of(found.id)],
    }


def _sent(mail: answers.Answer, delivery: Delivery) -> dict[str, Any]:
    said = answers.said_in(mail)
    return {
        "at": mail.created_at,
        "kind": mail.kind,
        "subject": said.subject if said else None,
        "text": said.text if said else None,
        "delivery": delivery.id,
        "outcome": delivery.state,
        "reason": delivery.reason,
        "finished_at": delivery.finished_at,
    }


def _event(line: timeline.RequestEvent) -> dict[str, Any]:
    return {"at": line.at, "what": line.what, "by": line.actor, "details": line.details}
