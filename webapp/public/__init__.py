"""The public's pages: no login, no cookie, no script, nothing from a third party."""

from flask import Blueprint, Flask

from mailing.base.settings import current
from webapp.public import confirm, join, leave, operations, policy, preferences

BLUEPRINTS: tuple[Blueprint, ...] = (
    join.pages,
    confirm.pages,
    leave.pages,
    preferences.pages,
    policy.pages,
    operations.pages,
)


def register(app: Flask) -> None:
    """Add the pages, and tell every template who the operator is."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.context_processor(operator_identity)


def operator_identity() -> dict[str, object]:
    """Who sends (policy 1.1), as every page and its footer names them."""
    settings = current()
    return {
        "operator": {
            "name": settings.operator_name,
            "bin": settings.operator_bin,
            "address": settings.operator_address,
            "contact": settings.helpdesk_address,
        },
        "zone": settings.time_zone,
    }
