"""Who is logged in: Flask-Security's logins over the staff of the domain."""

import time
from datetime import timedelta
from typing import Any

from flask import Flask, session
from flask_security import (
    RoleMixin,
    Security,
    UserDatastore,
    UserMixin,
    current_user,
    login_user,
    logout_user,
)

from mailing.base.database import db
from mailing.base.errors import NotAllowed
from mailing.staff import staff
from mailing.staff.audit import Actor
from mailing.staff.permissions import Act, may
from mailing.staff.staff import Role, Staff
from webapp.studio.sessions import LONGEST_LOGIN

SINCE = "fs_paa"
PROVED = "proved_at"
HALF = "half_way"
# How long the password given counts before a dangerous act, and how long the first step of a login
# waits for the second.
FRESH_FOR = timedelta(minutes=15)
HALF_WAY_FOR = timedelta(minutes=10)


class LoginRole(RoleMixin):
    """The one role of a person, in the shape that Flask-Security asks for."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.permissions: list[str] = []


class Login(UserMixin):
    """A member of staff as Flask-Security sees them; the domain's `Staff` knows nothing of it."""

    fs_uniquifier = ""

    def __init__(self, person: Staff) -> None:
        self.person = person
        self.fs_uniquifier = person.fs_uniquifier
        self.active = person.active
        self.roles = [LoginRole(person.role)]

    @property
    def actor(self) -> Actor:
        return Actor(self.person.name, Role(self.person.role))


class StaffStore(UserDatastore):
    """Finds people by their login; everything else is the domain's verbs."""

    def find_user(self, case_insensitive: bool = False, **wanted: Any) -> Login | None:
        person = staff.find_by_login(wanted["fs_uniquifier"])
        return Login(person) if person else None

    def find_role(self, role: str) -> LoginRole | None:
        return LoginRole(role) if role in set(Role) else None

    def put(self, model: Any) -> Any:
        return model

    def commit(self) -> None:
        db.session.commit()


def install(app: Flask) -> None:
    """Bind Flask-Security, without its own routes and without logins by token."""
    security = Security(app, StaffStore(Login, LoginRole), register_blueprint=False)
    # It would otherwise look for tokens in the body of every request, public ones included.
    security.login_manager.request_loader(lambda request: None)


def log_in(person: Staff) -> None:
    """Begin a login in a fresh session, so that a planted session is worth nothing."""
    session.clear()
    login_user(Login(person), remember=False)
    session[PROVED] = time.time()


def half_log_in(person: Staff) -> None:
    """Keep that the password was right; nothing opens by that but the question for the code."""
    session.clear()
    session[HALF] = [person.fs_uniquifier, time.time()]


def half_way() -> Staff | None:
    """Whoever has given the password and owes the code; None where it was too long ago."""
    login, since = session.get(HALF) or ("", 0.0)
    person = staff.find_by_login(login) if _is_within(since, HALF_WAY_FOR) else None
    return person if person and person.active else None


def prove() -> None:
    """The password was given again."""
    session[PROVED] = time.time()


def is_proved() -> bool:
    """Whether the password was given so lately that a dangerous act needs no further proof."""
    return _is_within(session.get(PROVED, 0.0), FRESH_FOR)


def log_out() -> None:
    logout_user()
    session.clear()


def whoever() -> Login | None:
    """The login of this request; None where there is none, or where it has grown too old."""
    if not current_user.is_authenticated or _is_too_old():
        return None
    login: Login = current_user._get_current_object()
    return login


def can(act: Act) -> bool:
    """Whether the person of this request may do this; templates ask before they show."""
    login = whoever()
    return login is not None and may(login.person.role, act)


def actor() -> Actor:
    """Whoever acts in this request."""
    return Login(me()).actor


def me() -> Staff:
    """The person of this request; raises NotAllowed where nobody is logged in."""
    login = whoever()
    if login is None:
        raise NotAllowed("Nobody is logged in.")
    return login.person


def _is_too_old() -> bool:
    return not _is_within(session.get(SINCE, 0.0), LONGEST_LOGIN)


def _is_within(since: float, time_allowed: timedelta) -> bool:
    return time.time() - float(since) <= time_allowed.total_seconds()
