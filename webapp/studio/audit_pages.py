"""The audit log: searched, page by page, and taken along as a sheet."""

from collections.abc import Mapping
from datetime import date

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from mailing.base.database import db
from mailing.base.errors import Invalid
from mailing.base.languages import gettext
from mailing.base.sheets import sheet
from mailing.staff import audit as log
from mailing.staff import staff
from mailing.staff.audit import AuditEntry, Search
from mailing.staff.permissions import Act
from webapp.studio.attached import attached
from webapp.studio.blueprint import needs, studio
from webapp.studio.identity import actor

A_PAGE = 100
LAST_NUMBER = 2**63 - 1
_HEADS = ("id", "at", "actor", "role", "action", "subject", "details")


@studio.get("/audit")
@needs(Act.READ_AUDIT)
def audit_log() -> ResponseReturnValue:
    search, errors = _search(request.args)
    entries = log.latest(A_PAGE + 1, _before(), search)
    older = entries[A_PAGE - 1].id if len(entries) > A_PAGE else None
    page = render_template(
        "pages/studio/audit.html",
        entries=entries[:A_PAGE],
        older=older,
        typed=_typed(request.args),
        asked=search.as_details(),
        errors=errors,
        actions=log.actions(),
        everybody=staff.everybody(),
    )
    return page, 422 if errors else 200


@studio.post("/audit/export")
@needs(Act.READ_AUDIT)
def audit_export() -> Response:
    """The entries that the search finds, as CSV. A post, for it writes a line of its own."""
    search, errors = _search(request.form)
    if errors:
        # Without what was meant by it, the search would find everything.
        raise Invalid(next(iter(errors.values())))
    rows = sheet(_HEADS, map(_row, log.export(search, actor())))
    db.session.commit()
    return attached(rows, "text/csv", "audit-log.csv")


def _before() -> int | None:
    asked = request.args.get("before", type=int)
    return min(asked, LAST_NUMBER) if asked is not None else None


def _typed(asked: Mapping[str, str]) -> dict[str, str]:
    names = ("actor", "action", "subject", "since", "until")
    return {name: asked.get(name, "").strip().replace("\0", "") for name in names}


def _search(asked: Mapping[str, str]) -> tuple[Search, dict[str, str]]:
    typed, errors = _typed(asked), {}
    days: dict[str, date | None] = {"since": None, "until": None}
    for name in ("actor", "action", "subject"):
        if "@" in typed[name]:
            # What is looked for stands in the address, and in the log's line of an export.
            errors[name] = gettext("The log names nobody by an address. Search for a number.")
            typed[name] = ""
    for name in days:
        try:
            days[name] = date.fromisoformat(typed[name]) if typed[name] else None
        except ValueError:
            errors[name] = gettext("Enter a day like 2026-03-05.")
    return Search(typed["actor"], typed["action"], typed["subject"], **days), errors


def _row(entry: AuditEntry) -> list[object]:
    details = "; ".join(f"{name}={value}" for name, value in entry.details.items())
    at = entry.at.isoformat()
    return [entry.id, at, entry.actor, entry.role, entry.action, entry.subject, details]
