"""The public's pages: no login, no cookie, no script, nothing from a third party."""

from flask import Blueprint, Flask

from mailing.base.operator import shown
from mailing.base.settings import Settings, current
from webapp.public import (
    address,
    again,
    agree,
    bundle,
    claim,
    click,
    confirm,
    images,
    inquiry,
    join,
    leave,
    my_data,
    operations,
    policy,
    preferences,
    privacy,
    verify,
)
from webapp.public.brake import Brake
from webapp.public.pressed import Pressed

BLUEPRINTS: tuple[Blueprint, ...] = (
    join.pages,
    again.pages,
    confirm.pages,
    leave.pages,
    privacy.pages,
    my_data.pages,
    address.pages,
    claim.pages,
    inquiry.pages,
    bundle.pages,
    preferences.pages,
    policy.pages,
    agree.pages,
    operations.pages,
    images.pages,
    verify.pages,
    click.pages,
)


def register(app: Flask) -> None:
    """Add the pages with their brake, and tell every template who the operator is."""
    settings: Settings = app.extensions["kelisim"]
    app.extensions["kelisim_join_brake"] = Brake(settings)
    app.extensions["kelisim_pressed"] = Pressed(settings)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.context_processor(operator_identity)


def operator_identity() -> dict[str, object]:
    """Who sends (policy 1.1), as every page and its footer names them."""
    return {"operator": shown(), "zone": current().time_zone}
