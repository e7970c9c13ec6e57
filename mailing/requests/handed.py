"""Handed out: when somebody's data left this house, to themselves or to an authority."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from mailing.base.database import db
from mailing.requests.disclosures import state
from mailing.staff.audit import AuditEntry

Fact = dict[str, Any]

HANDED_OUT, DISCLOSED = "handed_out", "disclosed"
# What the audit log calls them.
_ACTS = {
    "bundle exported": HANDED_OUT,
    "bundle downloaded": HANDED_OUT,
    "download own data": HANDED_OUT,
    "data disclosed": DISCLOSED,
}
# What an entry of the ledger says besides, and this has nothing to say about.
_ELSEWHERE = ("seq", "topic", "policy", "overtaken", "wording", "form", "private", "hash")


def of(subscriber_id: UUID) -> list[Fact]:
    """Each time, the oldest first, in the shape of the evidence."""
    about = AuditEntry.subject == f"subscriber {subscriber_id}"
    query = select(AuditEntry).where(about, AuditEntry.action.in_(_ACTS))
    return [_told(one) for one in db.session.scalars(query.order_by(AuditEntry.id))]


def _told(act: AuditEntry) -> Fact:
    nothing = dict.fromkeys(_ELSEWHERE, None)
    kind = _ACTS[act.action]
    by = "page" if act.actor == "subscriber" else "staff"
    body = _grounds(UUID(act.details["disclosure"])) if kind == DISCLOSED else _file(act)
    told = {"at": act.at, "kind": kind, "source": by, "actor": act.actor, "above": []}
    return {**nothing, **told, "evidence": body}


def _grounds(disclosure_id: UUID) -> Fact:
    """To whom, on which ground, which fields; the reason may name others and stays out."""
    found = state.find(disclosure_id)
    grounds = found.grounds
    told = {"basis": grounds.basis, "authority": grounds.authority, "fields": found.fields}
    return {"disclosure": str(found.id), **told, "sha256": found.sha256}


def _file(act: AuditEntry) -> Fact:
    return {"act": act.action, "sha256": act.details.get("sha256")}
