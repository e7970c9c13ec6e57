"""The studio as a logged-in person sees it, in this process."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from bench.measure import demand
from mailing.base.database import db
from mailing.staff import staff
from mailing.staff.staff import Role
from webapp.app import create_app

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Studio:
    """A browser that has logged in once opened."""

    environment: dict[str, str]
    _client: Any = None

    def open(self) -> "Studio":
        """Make a member of staff and log in."""
        password = secrets.token_urlsafe(18)
        staff.add("bench@example.com", Role.MARKETER, password)
        db.session.commit()
        self._client = create_app().test_client()
        page = self._client.get("/studio/login").text
        token = _TOKEN.search(page)
        demand(token is not None, "the login page has no form")
        form = {"email": "bench@example.com", "password": password}
        form["csrf_token"] = token[1] if token else ""
        answer = self._client.post("/studio/login", data=form)
        demand(answer.status_code == 303, f"the login answered {answer.status_code}")
        return self

    def read(self, path: str) -> None:
        """Read a page to its end."""
        answer = self._client.get(path)
        demand(answer.status_code == 200, f"{path} answered {answer.status_code}")
