"""The audit log keeps what happened."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mailing.base.database import db
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.staff import Role

DANA = Actor("staff 3", Role.OFFICER)


def test_an_act_is_written_with_who_what_and_details(app: Flask) -> None:
    audit.record(DANA, "stop", "campaign 7", out=212, stopped=8719)
    db.session.commit()
    (entry,) = audit.latest()
    assert (entry.actor, entry.role, entry.action, entry.subject) == (
        "staff 3",
        "officer",
        "stop",
        "campaign 7",
    )
    assert entry.details == {"out": 212, "stopped": 8719}
    assert entry.at.tzinfo is not None


@pytest.mark.parametrize(
    "change", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_no_line_can_be_changed_or_removed(app: Flask, change: str) -> None:
    audit.record(DANA, "stop", "campaign 7")
    db.session.commit()
    with pytest.raises(DBAPIError, match="append-only"):
        db.session.execute(text(change))
    db.session.rollback()
    assert len(audit.latest()) == 1


def test_the_log_is_read_newest_first_and_page_by_page(app: Flask) -> None:
    for number in range(5):
        audit.record(DANA, "pause", f"campaign {number}")
    first = audit.latest(2)
    rest = audit.latest(10, before=first[-1].id)
    assert [entry.subject for entry in first + rest] == [f"campaign {n}" for n in (4, 3, 2, 1, 0)]
