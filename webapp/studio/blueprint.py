"""The studio's blueprint, and what each of its routes needs before it answers.

Every view names one act of `mailing.staff.permissions` with `@needs`, or that it is open to all;
a view that names nothing answers nobody.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from mailing.staff.permissions import Act

View = Callable[..., Any]

studio = Blueprint("studio", __name__, url_prefix="/studio")

_acts: dict[str, Act] = {}
_open: set[str] = set()
_fresh: set[str] = set()
_setting_up: set[str] = set()


def needs(act: Act) -> Callable[[View], View]:
    """The decorated view answers only whoever may do `act`."""

    def mark(view: View) -> View:
        _acts[f"{studio.name}.{view.__name__}"] = act
        return view

    return mark


def open_to_all(view: View) -> View:
    """The decorated view answers without a login."""
    _open.add(f"{studio.name}.{view.__name__}")
    return view


def fresh(view: View) -> View:
    """The decorated view answers only shortly after the password was given."""
    _fresh.add(f"{studio.name}.{view.__name__}")
    return view


def while_setting_up(view: View) -> View:
    """The decorated view answers also while a demanded second factor is not set up."""
    _setting_up.add(f"{studio.name}.{view.__name__}")
    return view


def act_of(endpoint: str) -> Act | None:
    """What the endpoint needs; None for one that is open, and for one that named nothing."""
    return _acts.get(endpoint)


def is_open(endpoint: str) -> bool:
    return endpoint in _open


def wants_proof(endpoint: str) -> bool:
    return endpoint in _fresh


def is_setting_up(endpoint: str) -> bool:
    return endpoint in _setting_up
