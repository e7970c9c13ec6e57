"""Two at the desk at the same moment: one of them is first, and the other is told."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict
from mailing.deliveries.account_mails import AccountMail
from mailing.requests import digest, identifying, inquiries, merging, rights, rulings, saying
from mailing.requests.kinds import Kind, Ruling
from mailing.requests.requests import of_subscriber
from mailing.requests.rulings import Ruled
from mailing.staff import staff
from mailing.staff.staff import Role
from tests.person import Person, at_once
from tests.requests.officer import (
    OFFICER,
    WEDNESDAY,
    Paper,
    always,
    happened,
    now_of,
    on_paper,
    token_of,
)


def tried(act: Callable[[], Any]) -> Callable[[], str]:
    """Do it and commit; "done", or "told" where somebody else was first."""

    def attempt() -> str:
        try:
            act()
            db.session.commit()
        except Conflict:
            db.session.rollback()
            return "told"
        return "done"

    return attempt


def test_of_two_decisions_at_once_one_holds(person: Person, app: Flask) -> None:
    request = on_paper(Kind.BLOCKING, paper=Paper(person.address))
    right = rights.named(request.id, Kind.BLOCKING).id
    db.session.commit()
    granted, refused = Ruled(Ruling.GRANT), Ruled(Ruling.REFUSE, "no_breach")
    came = at_once(
        app,
        tried(lambda: rulings.rule(right, granted, OFFICER)),
        tried(lambda: rulings.rule(right, refused, OFFICER)),
    )
    assert sorted(came) == ["done", "told"]
    assert happened(now_of(request)).count("ruled") == 1


def test_of_a_yes_and_a_no_at_once_one_is_the_answer(person: Person, app: Flask) -> None:
    request = on_paper(Kind.ACCESS, paper=Paper(person.address), is_proved=False)
    identifying.ask(request.id, OFFICER)
    db.session.commit()
    token = token_of(request)
    db.session.commit()
    at_once(app, *(tried(partial(saying.say, token, say)) for say in (True, False)))
    (inquiry,) = inquiries.of(request.id)
    identity = now_of(request).identity
    assert {"yes": "link", "no": "denied"}[inquiry.state] == identity
    said = [line for line in happened(request) if line in ("identified", "identity_denied")]
    assert len(said) == 1


def test_two_requests_merged_into_each_other_at_once_leave_one(app: Flask) -> None:
    paper = Paper("alma@example.com")
    first, second = (on_paper(Kind.ACCESS, paper=paper).id for _ in range(2))
    db.session.commit()
    came = at_once(
        app,
        tried(lambda: merging.merge(first, second, OFFICER)),
        tried(lambda: merging.merge(second, first, OFFICER)),
    )
    assert sorted(came) == ["done", "told"]
    assert len(merging.merged_into(first)) + len(merging.merged_into(second)) == 1


def test_two_withdrawals_granted_at_once_ask_for_one_destruction(
    person: Person, app: Flask
) -> None:
    paper, own_id = Paper(person.address), person.id
    made = [on_paper(Kind.WITHDRAWAL, paper=paper) for _ in range(2)]
    asked = [rights.named(one.id, Kind.WITHDRAWAL).id for one in made]
    db.session.commit()
    grant = Ruled(Ruling.GRANT)
    acts = [tried(partial(rulings.rule, right, grant, OFFICER)) for right in asked]
    assert at_once(app, *acts) == ["done", "done"]
    assert [one.kind for one in of_subscriber(own_id)].count("destruction") == 1


def test_two_sweeps_at_once_write_one_digest(person: Person, app: Flask) -> None:
    officer = staff.add("officer@example.com", Role.OFFICER, "four unrelated words here")
    digest.choose(officer, "kk", OFFICER)
    db.session.commit()
    with clock.use(always(WEDNESDAY)):
        at_once(app, tried(digest.send_due), tried(digest.send_due))
    query = select(func.count()).where(AccountMail.why == "digest")
    assert db.session.scalar(query) == 1
