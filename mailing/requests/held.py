"""What is held about one person, section by section, as they may read it.

`TOLD` and `LEFT_OUT` name every stored column that is personal or leads to a person; a test
compares them with the tables, so that a new table cannot be forgotten.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import RowMapping, select, text

from mailing.base.database import db
from mailing.base.settings import current
from mailing.deliveries import answers
from mailing.deliveries.deliveries import message_id
from mailing.deliveries.frames import domain_of
from mailing.inbound import messages as messages_in
from mailing.leaving.receipts import StoredReceipt
from mailing.people import (
    address_changes,
    choices,
    corrections,
    evidence,
    ledger,
    standings,
    suppression,
    topics,
    wording,
)
from mailing.people.corrections import Correction
from mailing.people.forms import Form
from mailing.people.ledger import Entry
from mailing.people.optins import OptIn
from mailing.people.subscribers import Subscriber, personal_of
from mailing.policies import versions
from mailing.requests import inquiries, requests, rights, rulings, timeline
from mailing.requests.inquiries import Inquiry
from mailing.requests.kinds import PROVED
from mailing.requests.requests import Request
from mailing.requests.rights import Right
from mailing.staff.audit import AuditEntry

Fact = dict[str, Any]

TOLD = {
    "subscribers": "id provider language personal",
    "standings": "topic_id standing policy_id quarantined refused since "
    "signed_up_at signed_up_site signed_up_form",
    "ledger": "kind topic_id policy_id source evidence_hash at",
    "evidence": "body",
    "evidence_private": "sealed",
    "optins": "topic_ids form_id form_version policy_id language page wordings personal letter",
    "deliveries": "topic_id reason reply_text bounce_kind",
    "audience_chunks": "reason",
    "receipts": "topic_id kind",
    "suppressions": "reason",
    "returns": "kind",
    "inbound_messages": "kind action",
    "answers": "kind recipient content",
    "requests": (
        "number kind channel language sender received_at due_at outer_due_at state resolution "
        "reason closed_at identity paused_at pause_reason extended_at told"
    ),
    "request_rights": "kind state due_at outer_due_at ruling ground words ruled_at resolution "
    "done_at",
    "inquiries": "what state proposed asked_at expires_at answered_at",
    "request_events": "at what",
    "choices": "kind value source at",
    "address_changes": "personal old_agreed_at new_agreed_at",
    "corrections": "fields policy_id source evidence_hash at",
}
LEFT_OUT = {
    "the same id in every table; told once, as the person's": {
        *("standings.subscriber_id", "ledger.subscriber_id", "optins.subscriber_id"),
        *("deliveries.subscriber_id", "receipts.subscriber_id", "answers.subscriber_id"),
        *("address_changes.subscriber_id", "corrections.subscriber_id"),
        *("choices.subscriber_id", "inbound_messages.subscriber_id"),
        *("returns.subscriber_id", "inquiries.subscriber_id"),
        *("requests.subscriber_id", "requests.correspondent_id"),
        *("legal_holds.subscriber_id", "destructions.subscriber_id"),
        "replayed_destructions.subscriber_id",
        # The one that they had before a backup was restored.
        "lost_subscribers.id",
    },
    "the ids of everybody else stand there, too": {"audience_chunks.subscriber_ids"},
    "a keyed digest of an address, of no use without our key": {
        *("subscribers.digest", "suppressions.digest", "answers.digest"),
        *("address_changes.digest", "address_changes.former", "requests.sender_digest"),
        "inbound_messages.sender_digest",
        *("join_letters.mark", "trials.digest", "account_mails.digest"),
        "lost_subscribers.digest",
    },
    "the address that a test mail was typed for; the mail itself is told with their messages": {
        "trials.recipient",
    },
    "the name of what is told beside it": {
        *("evidence.hash", "evidence_private.hash", "answers.change_id"),
        *("answers.request_id", "answers.language"),
    },
    "which staff took, read or moved a request, by their number": {"request_events.details"},
    "a number that counts everybody": {
        *("campaigns.held_at_start", "campaign_tallies.outcomes", "batch_tallies.outcomes"),
        *("clicks.pressed", "clicks.machines"),
    },
    "a letter as it came in, sealed: that they wrote it is not proven, so they ask for it": {
        *("inbound_messages.sealed", "inbound_messages.recipients"),
    },
    "rows of a file that were refused, sealed; nobody became known by them": {"imports.faults"},
    "why somebody left names nobody, so it cannot be found by the person": {
        *("leave_reasons.once", "leave_reasons.reason", "leave_reasons.words"),
    },
    "told by the file with everything, and by what the audit log says of them": {
        *("bundles.subscriber_id", "bundles.left_out", "bundle_pieces.sealed"),
        *("disclosures.reason", "disclosures.fields", "disclosed_people.subscriber_id"),
    },
    "about staff, not about subscribers": {
        *("staff.email", "staff.password", "staff.second_secret", "staff.recovery_codes"),
        *("staff_passkeys.name", "staff_passkeys.credential_id", "staff_passkeys.public_key"),
        "account_mails.recipient",
    },
}


def person(subscriber: Subscriber) -> Fact:
    """Who they are to us."""
    personal = personal_of(subscriber)
    return {
        "id": str(subscriber.id),
        **(personal.as_dict() if personal else {}),
        "provider": subscriber.provider,
        "language": subscriber.language,
        "known_since": subscriber.created_at,
        "paused_until": subscriber.paused_until,
        "blocked_at": subscriber.blocked_at,
        "kept_out": [
            {"reason": str(why), "since": since}
            for why, since in sorted(suppression.reasons(subscriber.digest).items())
        ],
    }


def on_topics(subscriber: Subscriber) -> list[Fact]:
    """Where they stand on each topic."""
    names = _topics(subscriber.language)
    return [
        {
            "topic": names[topic_id],
            "standing": row.standing,
            "since": row.since,
            "signed_up": {
                "at": row.signed_up_at,
                "site": row.signed_up_site,
                "form": row.signed_up_form,
            },
            "policy": _policy(row.policy_id),
            "imported_without_evidence": row.quarantined,
            "last_word_was_no": row.refused,
        }
        for topic_id, row in sorted(standings.of(subscriber.id).items())
    ]


def history(subscriber: Subscriber) -> list[Fact]:
    """The whole ledger, with the exact words of each yes."""
    names = _topics(subscriber.language)
    return [_entry(entry, names) for entry in ledger.history(subscriber.id)]


def forms(subscriber: Subscriber) -> list[Fact]:
    """What was asked for through forms and on the preference page, and what was typed there."""
    names = _topics(subscriber.language)
    query = select(OptIn).where(OptIn.subscriber_id == subscriber.id).order_by(OptIn.created_at)
    return [
        {
            "at": optin.created_at,
            "topics": [names[topic_id] for topic_id in optin.topic_ids],
            "form": _form(optin),
            "page": optin.page or None,
            "letter": optin.letter,
            "language": optin.language,
            "policy": _policy(optin.policy_id),
            "wordings": [wording.text_of(key).text for key in optin.wordings.values()],
            "typed": optin.typed(),
            "state": optin.standing,
        }
        for optin in db.session.scalars(query)
    ]


def messages(subscriber: Subscriber) -> list[Fact]:
    """Every message that was written for them, and what became of it."""
    names, domain = _topics(subscriber.language), domain_of(current())
    values = {"subscriber": subscriber.id, "language": subscriber.language}
    return [
        {
            "at": row["at"],
            "kind": row["kind"],
            "topic": names.get(row["topic_id"]),
            "subject": row["subject"],
            "state": row["state"],
            "reason": row["reason"],
            "relay_said": row["reply_text"],
            "bounced_at": row["bounced_at"],
            "bounce": row["bounce_kind"],
            "came_back": row["came_back"],
            "message_id": message_id(row["id"], domain),
        }
        for row in _rows(_MESSAGES, values)
    ]


def considered(subscriber: Subscriber) -> list[Fact]:
    """The campaigns that were not sent to them, and why."""
    values = {"subscriber": subscriber.id, "language": subscriber.language}
    return [dict(row) for row in _rows(_CONSIDERED, values)]


def receipts(subscriber: Subscriber) -> list[Fact]:
    """What they were told when they left."""
    names = _topics(subscriber.language)
    query = select(StoredReceipt).where(StoredReceipt.subscriber_id == subscriber.id)
    return [
        {
            "at": row.recorded_at,
            "receipt": row.id,
            "kind": row.kind,
            "topic": names.get(row.topic_id or 0),
            "named": row.in_flight,
        }
        for row in db.session.scalars(query.order_by(StoredReceipt.recorded_at))
    ]


def chosen(subscriber: Subscriber) -> list[Fact]:
    """The language and the pauses that they set for themselves."""
    return [
        {"at": one.at, "kind": one.kind, "value": one.value, "source": one.source}
        for one in choices.of(subscriber.id)
    ]


def corrected(subscriber: Subscriber) -> list[Fact]:
    """What they put right."""
    return [_correction(one) for one in corrections.of(subscriber.id)]


def moves(subscriber: Subscriber) -> list[Fact]:
    """The changes of address that they wished for."""
    return [
        {
            "at": one.created_at,
            "state": str(one.standing),
            "new_address": one.address or None,
            "old_agreed_at": one.old_agreed_at,
            "new_agreed_at": one.new_agreed_at,
            "closed_at": one.closed_at,
        }
        for one in address_changes.of(subscriber.id)
    ]


def answered(subscriber: Subscriber) -> list[Fact]:
    """What was mailed because they asked for it."""
    return [
        {
            "at": one.created_at,
            "kind": one.kind,
            "until": one.expires_at,
            "to_another_address": one.recipient is not None,
            "text": said.text if (said := answers.said_in(one)) else None,
        }
        for one in answers.of(subscriber.id)
    ]


def letters(subscriber: Subscriber) -> list[Fact]:
    """What came in by mail from them or in their name, and what was done about it."""
    return [
        {"at": one.received_at, "kind": one.kind, "done": one.action}
        for one in messages_in.of(subscriber.id)
    ]


def asked(subscriber: Subscriber) -> list[Fact]:
    """What they asked of us in writing, and what became of it."""
    return [_request(one, subscriber) for one in requests.of_subscriber(subscriber.id)]


def acts(subscriber: Subscriber) -> list[Fact]:
    """What the audit log says of them: downloads, and what staff did."""
    query = select(AuditEntry).where(AuditEntry.subject == f"subscriber {subscriber.id}")
    return [
        {"at": one.at, "by": one.role, "act": one.action}
        for one in db.session.scalars(query.order_by(AuditEntry.id))
    ]


_SUBJECT = """
    (SELECT b.subject FROM campaign_bodies b WHERE b.campaign_id = c.id
     ORDER BY (b.language = :language) DESC, (b.language = c.language) DESC LIMIT 1)
"""
_MESSAGES = f"""
    SELECT d.id, coalesce(d.finished_at, d.created_at) AS at, d.kind, d.topic_id, d.state,
        d.reason, d.reply_text, d.bounced_at, d.bounce_kind, {_SUBJECT} AS subject,
        ARRAY(SELECT r.kind FROM returns r WHERE r.delivery_id = d.id ORDER BY r.id) AS came_back
    FROM deliveries d LEFT JOIN campaigns c ON c.id = d.campaign_id
    WHERE d.subscriber_id = :subscriber ORDER BY d.created_at, d.id
"""  # noqa: S608 - our own text; every value is bound
_CONSIDERED = f"""
    SELECT c.started_at AS at, c.kind, {_SUBJECT} AS subject, a.reason
    FROM audience_chunks a JOIN campaigns c ON c.id = a.campaign_id
    WHERE a.reason IS NOT NULL AND a.subscriber_ids @> ARRAY[CAST(:subscriber AS uuid)]
    ORDER BY c.id
"""  # noqa: S608 - our own text; every value is bound


def _rows(query: str, values: Fact) -> Iterable[RowMapping]:
    return db.session.execute(text(query), values).mappings()


def _entry(entry: Entry, names: dict[int, str]) -> Fact:
    body = evidence.body_of(entry.evidence_hash)
    body.pop("attested_by", None)  # Of staff the file says no more than their role.
    return {
        "at": entry.at,
        "kind": entry.kind,
        "topic": names.get(entry.topic_id or 0),
        "source": entry.source,
        "policy": _policy(entry.policy_id),
        "wording": wording.text_of(body["wording"]).text if body.get("wording") else None,
        "evidence": body,
        "private": evidence.private_of(entry.subscriber_id, body),
    }


def _correction(one: Correction) -> Fact:
    body = evidence.body_of(one.evidence_hash)
    return {
        "at": one.at,
        "fields": one.fields,
        "source": one.source,
        "policy": _policy(one.policy_id),
        "private": evidence.private_of(one.subscriber_id, body),
    }


def _request(one: Request, subscriber: Subscriber) -> Fact:
    lines = timeline.of(one.id)
    # Whoever wrote in their name from elsewhere is somebody else, perhaps.
    correspondent = one.correspondent if one.sender_digest == subscriber.digest else None
    return {
        "number": one.number,
        "kind": one.kind,
        "channel": one.channel,
        "language": one.language,
        "from": correspondent.address if correspondent else None,
        "received_at": one.received_at,
        "due_at": one.due_at,
        "outer_due_at": one.outer_due_at,
        "state": one.state,
        "resolution": one.resolution,
        "reason": one.why or None,
        "closed_at": one.closed_at,
        "identity": one.identity,
        "paused_at": one.paused_at,
        "pause_reason": one.pause_reason,
        "extended_at": one.extended_at,
        # Whoever only claims to be them may have written about somebody else.
        "told": one.words or None if one.identity in PROVED else None,
        "rights": [_right(one, right) for right in rights.of(one.id)],
        "inquiries": [_inquiry(asked) for asked in inquiries.of(one.id)],
        "timeline": [{"at": line.at, "what": line.what} for line in lines],
    }


def _right(request: Request, one: Right) -> Fact:
    return {
        "right": one.kind,
        "state": one.state,
        "due_at": one.due_at,
        "outer_due_at": one.outer_due_at,
        "decision": one.ruling,
        "ground": one.ground,
        "words": rulings.words_of(request, one) or None,
        "decided_at": one.ruled_at,
        "resolution": one.resolution,
        "done_at": one.done_at,
    }


def _inquiry(one: Inquiry) -> Fact:
    return {
        "what": one.what,
        "state": one.state,
        "proposed": one.changes or None,
        "asked_at": one.asked_at,
        "until": one.expires_at,
        "answered_at": one.answered_at,
    }


def _form(optin: OptIn) -> str | None:
    if optin.form_id is None:
        return None
    return f"{db.session.get_one(Form, optin.form_id).slug}, version {optin.form_version}"


def _topics(language: str) -> dict[int, str]:
    return {topic.id: topics.name_in(topic, language) for topic in topics.all_topics()}


def _policy(policy_id: int | None) -> str | None:
    return versions.find(policy_id).label if policy_id is not None else None
