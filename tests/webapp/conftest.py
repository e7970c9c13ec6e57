"""The web application, for the tests of its pages."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailing.base.database import db
from mailing.base.settings import Settings
from webapp.app import create_app

With = Callable[..., FlaskClient]


@pytest.fixture
def web(settings: Settings) -> Iterator[Flask]:
    """The web application on a database of this test's own."""
    application = create_app(settings)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def with_settings(settings: Settings) -> Iterator[With]:
    """Other applications beside `web`: the same settings but for what is given."""
    others: list[Flask] = []

    def build(**changes: object) -> FlaskClient:
        others.append(create_app(settings.model_copy(update=changes)))
        return others[-1].test_client()

    yield build
    for application in others:
        with application.app_context():
            db.engine.dispose()


@pytest.fixture
def client(web: Flask) -> FlaskClient:
    """A browser without cookies at the web application."""
    return web.test_client()
