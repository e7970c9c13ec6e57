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

    _app: Any = None
    _client: Any = None
    _token: str = ""

    def open(self) -> "Studio":
        """Make a member of staff and log in."""
        password = secrets.token_urlsafe(18)
        staff.add("bench@example.com", Role.MARKETER, password)
        db.session.commit()
        self._app = create_app()
        self._client = self._app.test_client()
        self._token = self._find_token("/studio/login")
        form = {"email": "bench@example.com", "password": password}
        self.press("/studio/login", form, 303)
        self._token = self._find_token("/studio/segments/new")
        return self

    def read(self, path: str) -> None:
        """Read a page to its end."""
        answer = self._client.get(path)
        demand(answer.status_code == 200, f"{path} answered {answer.status_code}")

    def close(self) -> None:
        """Hang up."""
        with self._app.app_context():
            db.engine.dispose()

    def forget(self) -> None:
        """Nothing of what was found for a page is kept."""
        self._app.extensions.pop("kelisim_looks", None)

    def press(self, path: str, form: dict[str, str], expected: int = 200) -> None:
        """Post a form and read the answer to its end."""
        answer = self._client.post(path, data=form | {"csrf_token": self._token})
        demand(answer.status_code == expected, f"{path} answered {answer.status_code}")

    def _find_token(self, path: str) -> str:
        token = _TOKEN.search(self._client.get(path).text)
        demand(token is not None, f"{path} has no form")
        return token[1] if token else ""
