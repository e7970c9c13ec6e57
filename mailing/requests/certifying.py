"""What a certificate of destruction says, and the requests that it ends.

Every number comes from the steps as they were noted, and the last of them from asking again. What
stays is said with the reason and until when; so is what lies outside, where only people can act.
"""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mailing.base import clock, installation
from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.version import software
from mailing.people.imports.state import ENDED, Import
from mailing.people.imports.uploads import KEPT
from mailing.people.ledger import Entry
from mailing.people.subscribers import Subscriber
from mailing.requests import (
    certificates,
    erasing,
    granting,
    holds,
    progress,
    requests,
    rights,
    running,
    staying,
    timeline,
)
from mailing.requests.certificates import Certificate, NewCertificate
from mailing.requests.destructions import Destruction
from mailing.requests.kinds import UNFINISHED, Happened, Kind, Resolution, RightState, State
from mailing.requests.progress import DestructionStep
from mailing.requests.requests import Request
from mailing.requests.whose import Person
from mailing.staff.audit import Actor

_ENDED_BY_IT = (Kind.WITHDRAWAL, Kind.DESTRUCTION)


def compose(
    found: Destruction, steps: list[DestructionStep], who: Person, actor: Actor
) -> NewCertificate:
    """The certificate of a destruction whose steps are done; a second one completes the first."""
    first = next(iter(certificates.of_destruction(found.id)), None)
    number = certificates.next_number() if first else str(found.number)
    body = {
        "kind": "destruction",
        "operator": _operator(),
        "ground": found.ground,
        "request": _request(found),
        "subject": first.said["subject"]
        if first
        else certificates.reference(number, who.digests[0]),
        "completes": first.number if first else None,
        "repeats": found.repeats,
        "scope": [_scope(step) for step in steps if step.state == progress.DONE],
        "verification": _verification(steps),
        "times": _times(found),
        "by": _people(found, actor),
        "kept": _kept(found, steps),
        "stays": staying.told(who),
        "outside": outside(),
        "ledger": _ledger(found),
        "software": software(),
    }
    return NewCertificate(number, found.id, body)


def close_requests(found: Destruction, certificate: Certificate, actor: Actor) -> None:
    """The request is done, and so is whatever else asked for no more than this."""
    for one in requests.of_subscriber(found.subscriber_id):
        is_this = one.id == found.request_id
        if (is_this or one.what in _ENDED_BY_IT) and State(one.state) in UNFINISHED:
            _close(requests.lock(one.id), certificate, actor)


def outside() -> list[dict[str, str]]:
    """Where copies may lie that are not in our hands, by name (T58): people have to see to them."""
    settings = current()
    relays = {urlsplit(one).hostname or "" for one in settings.smtp_url}
    mailbox = urlsplit(settings.imap_url).hostname if settings.imap_url else None
    return [
        *({"what": "relay", "where": relay} for relay in sorted(relays)),
        {"what": "mailbox", "where": mailbox or settings.helpdesk_address},
    ]


def _close(request: Request, certificate: Certificate, actor: Actor) -> None:
    """Whatever else it asked for nobody can answer any more, and the register says so."""
    running.let_run(request)
    request.state, request.closed_at = State.CLOSED.value, clock.now()
    request.resolution = Resolution.DONE.value
    for right in rights.of(request.id):
        if right.state != RightState.DONE:
            is_done = right.what in _ENDED_BY_IT
            right.end(Resolution.DONE if is_done else Resolution.REFUSED, clock.now())
    told = {"resolution": request.resolution, "certificate": certificate.number}
    timeline.note(request.id, Happened.CLOSED, actor.name, **told)


def _operator() -> dict[str, Any]:
    settings = current()
    return {
        "name": settings.operator_name,
        "bin": settings.operator_bin,
        "address": settings.operator_address,
        "installation": str(installation.here().installation_id),
    }


def _request(found: Destruction) -> dict[str, str] | None:
    if found.request_id is None:
        return None
    asked = requests.find(found.request_id)
    return {"number": asked.number, "received_at": _utc(asked.received_at)}


def _scope(step: DestructionStep) -> dict[str, Any]:
    return {
        "table": step.name,
        "method": erasing.BY_NAME[step.name].method,
        "before": step.before,
        "erased": step.erased,
        "left": step.remaining,
        "done_at": _utc(step.done_at or clock.now()),
    }


def _verification(steps: list[DestructionStep]) -> dict[str, Any]:
    done = [step for step in steps if step.state == progress.DONE]
    return {
        "how": "every table was asked again by the same conditions",
        "at": _utc(clock.now()),
        "rows_before": sum(step.before for step in done),
        "rows_found": sum(step.remaining or 0 for step in done),
    }


def _times(found: Destruction) -> dict[str, Any]:
    zone = current().time_zone
    finished = found.finished_at or clock.now()
    return {
        "decided_at": _utc(found.decided_at),
        "approved_at": _utc(found.approved_at) if found.approved_at else None,
        "begun_at": _utc(found.begun_at or finished),
        "finished_at": _utc(finished),
        "finished_local": finished.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
        "zone": zone,
    }


def _people(found: Destruction, actor: Actor) -> dict[str, Any]:
    cut_short = {"by": found.expedited_by, "because": found.expedited_because}
    return {
        "decided": found.decided_by,
        "approved": found.approved_by,
        "could_decide": granting.number_of_deciders(),
        "carried_out": found.begun_by,
        "finished": actor.name,
        "expedited": cut_short if found.expedited_at else None,
    }


def _kept(found: Destruction, steps: list[DestructionStep]) -> list[dict[str, Any]]:
    """What a legal hold keeps, with its basis and day; and imports that have not ended."""
    by_table = holds.keeping(found.subscriber_id)
    held = [step for step in steps if step.state == progress.HELD]
    return [
        *(
            {
                "table": step.name,
                "rows": step.before,
                "why": "legal hold",
                "basis": by_table[step.name].basis if step.name in by_table else None,
                "until": by_table[step.name].until.isoformat() if step.name in by_table else None,
            }
            for step in held
        ),
        *_imports_in_progress(),
    ]


def _imports_in_progress() -> list[dict[str, Any]]:
    """A file goes when its import ends, within a day; whom it names cannot be told from outside."""
    going = select(Import).where(Import.size.is_not(None), Import.state.not_in(ENDED))
    return [
        {
            "table": "imports",
            "rows": 1,
            "why": "import in progress",
            "basis": None,
            "until": _utc(one.created_at + KEPT),
        }
        for one in db.session.scalars(going.order_by(Import.id))
    ]


def _ledger(found: Destruction) -> dict[str, Any]:
    entry = db.session.get_one(Entry, found.entry_id)
    head = db.session.get_one(Subscriber, found.subscriber_id)
    return {"entry": entry.id, "hash": entry.hash.hex(), "entries": head.ledger_seq}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
