"""The team's rules: nobody raises themselves, and somebody can always look after the staff."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.base.errors import Conflict, NotAllowed
from mailing.staff import audit, second_factor, staff, team
from mailing.staff.audit import Actor
from mailing.staff.staff import Role, Staff
from tests.road import wait_for

GOOD = "four unrelated words here"


def admin(email: str) -> Staff:
    return staff.add(email, Role.ADMIN, GOOD)


def as_actor(person: Staff) -> Actor:
    return Actor(person.name, Role(person.role))


def test_nobody_changes_their_own_role_or_closes_their_own_login(app: Flask) -> None:
    one, _ = admin("one@example.com"), admin("two@example.com")
    me = as_actor(one)
    acts: list[Callable[[], None]] = [
        lambda: team.change_role(one, Role.VIEWER, me),
        lambda: team.close(one, me),
        lambda: team.remove_second_factor(one, me),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    assert (one.role, one.active) == ("admin", True)
    assert audit.latest() == []


def test_a_marketer_cannot_raise_themselves_even_past_the_pages(app: Flask) -> None:
    admin("one@example.com")
    person = staff.add("dana@example.com", Role.MARKETER, GOOD)
    with pytest.raises(NotAllowed):
        team.change_role(person, Role.ADMIN, as_actor(person))


def test_the_last_admin_who_can_log_in_keeps_role_and_login(app: Flask) -> None:
    one, closed = admin("one@example.com"), admin("closed@example.com")
    staff.deactivate(closed)
    staff.invite("invited@example.com", Role.ADMIN)
    system = Actor("root", Role.ADMIN)
    with pytest.raises(Conflict):
        team.change_role(one, Role.OFFICER, system)
    with pytest.raises(Conflict):
        team.close(one, system)
    team.change_role(one, Role.ADMIN, system)
    staff.reactivate(closed)
    team.close(one, system)
    assert not one.active


def test_two_admins_who_close_each_other_at_once_leave_one(app: Flask) -> None:
    """The second waits for the first, which has closed it, and is refused."""
    ids = [admin(f"{name}@example.com").id for name in ("one", "two")]
    db.session.commit()
    refused: list[str] = []

    def close_the_other() -> None:
        with app.app_context():
            try:
                team.close(staff.get(ids[0]), Actor(f"staff {ids[1]}", Role.ADMIN))
                db.session.commit()
            except Conflict as error:
                refused.append(error.message)
                db.session.rollback()

    team.close(staff.get(ids[1]), Actor(f"staff {ids[0]}", Role.ADMIN))
    second = threading.Thread(target=close_the_other)
    second.start()
    _wait_until_somebody_waits_for_a_lock()
    db.session.commit()
    second.join()
    assert len(refused) == 1
    assert [person.active for person in map(staff.get, ids)] == [True, False]


def test_a_role_change_is_logged_with_digests_that_prove_what_was(app: Flask) -> None:
    one = admin("one@example.com")
    person = staff.add("dana@example.com", Role.VIEWER, GOOD)
    team.change_role(person, Role.MARKETER, as_actor(one))
    (entry,) = audit.latest()
    assert (entry.action, entry.subject, entry.details["role"]) == (
        "role changed",
        person.name,
        "marketer",
    )
    assert entry.details["before"] == audit.mark_of("viewer")
    assert entry.details["after"] == audit.mark_of("marketer")
    assert audit.mark_of("viewer") != audit.mark_of("marketer")


def test_a_second_factor_is_demanded_of_all_or_left_to_each(app: Flask) -> None:
    one = admin("one@example.com")
    assert not second_factor.is_demanded()
    team.demand_second_factor(True, as_actor(one))
    assert second_factor.is_demanded()
    team.demand_second_factor(False, as_actor(one))
    assert not second_factor.is_demanded()
    assert [entry.action for entry in audit.latest()] == [
        "second factor left to each",
        "second factor demanded",
    ]


def _wait_until_somebody_waits_for_a_lock() -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    # Each look in a transaction of its own: within one, PostgreSQL shows the same picture again.
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as apart:
        wait_for(lambda: apart.execute(text(waiting)).scalar_one() > 0)
