"""The base application that all doors share: settings, database, queue. It has no routes."""

import logging
import sys

import structlog
from flask import Flask

from mailing.base.connections import look_after
from mailing.base.database import db, sqlalchemy_url
from mailing.base.installation import check_keys
from mailing.base.settings import ROOT, Settings, load


def create_base(settings: Settings | None = None, static_folder: str | None = None) -> Flask:
    """An application with the database bound; nothing is connected yet.

    Raises ConfigurationError when a setting is missing or unusable.
    """
    settings = settings or load()
    app = Flask("kelisim", template_folder=str(ROOT / "templates"), static_folder=static_folder)
    app.extensions["kelisim"] = settings
    app.config["SQLALCHEMY_DATABASE_URI"] = sqlalchemy_url(settings.database)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": 20,
        # An error's text reaches logs; what was bound to the statement may be an address.
        "hide_parameters": True,
    }
    db.init_app(app)
    with app.app_context():
        look_after(db.engine)
    _log_with_structure(settings.log_level)
    return app


def guard() -> None:
    """Stop the start where keys or schema are not this database's; commits the first check."""
    check_keys()
    db.session.commit()


def _log_with_structure(level: str) -> None:
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
