"""The studio as staff meet it: logged in under a role, with topics and people to write to."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mailing.staff.staff import Role
from tests.webapp.studio.world import PASSWORD, World, make_crew, make_world


@dataclass
class Browser:
    """A test client that reads the form's token before it posts, as a browser does."""

    client: FlaskClient

    def get(self, path: str, **how: object) -> TestResponse:
        return self.client.get(path, **how)

    def post(self, path: str, form: Mapping[str, object] | None = None) -> TestResponse:
        return self.client.post(path, data={"csrf_token": self.token(), **(form or {})})

    def token(self) -> str:
        page = self.client.get("/studio/login", follow_redirects=True).text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        return found[1]

    def log_in(self, email: str, password: str = PASSWORD, **more: object) -> TestResponse:
        return self.post("/studio/login", {"email": email, "password": password, **more})


@pytest.fixture
def crew(web: Flask) -> None:
    make_crew(web)


@pytest.fixture
def world(web: Flask) -> World:
    return make_world(web)


@pytest.fixture
def browse(web: Flask, crew: None) -> Callable[[Role], Browser]:
    """A browser in which somebody of this role has logged in."""

    def logged_in(role: Role) -> Browser:
        browser = Browser(web.test_client())
        answer = browser.log_in(f"{role}@example.com")
        assert answer.status_code == 303, answer.text
        return browser

    return logged_in
