"""A visitor's browser: no cookies, no scripts, and no redirect followed (RFC 8058 3.1)."""

import http.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

PATIENCE_SECONDS = 30
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Page:
    """What the server answered."""

    url: str
    status: int
    headers: Mapping[str, str]
    text: str

    def form(self) -> "Form":
        """The first form that posts. Raises ValueError where there is none."""
        reader = _FormReader()
        reader.feed(self.text)
        if reader.form is None:
            raise ValueError(f"the page {urlsplit(self.url).path} has no form that posts")
        action, fields = reader.form
        return Form(urljoin(self.url, action), tuple(fields))


@dataclass(frozen=True)
class Field:
    """One input of a form as it stands in the page."""

    name: str
    kind: str
    value: str
    is_ticked: bool


@dataclass(frozen=True)
class Form:
    """A form to fill in."""

    action: str
    fields: tuple[Field, ...]

    def hidden(self) -> list[tuple[str, str]]:
        """What a browser sends without anybody typing it."""
        return [(field.name, field.value) for field in self.fields if field.kind == "hidden"]

    def boxes(self, name: str) -> tuple[Field, ...]:
        """The boxes of this name."""
        return tuple(f for f in self.fields if f.kind == "checkbox" and f.name == name)

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return any(field.name == name for field in self.fields)


def get(url: str) -> Page:
    """Fetch a page."""
    return _fetch("GET", url, None, {})


def post(url: str, fields: Iterable[tuple[str, str]], origin: str | None = None) -> Page:
    """Send a form as a browser does, with its Origin where the page had one."""
    headers = {"Content-Type": FORM} | ({"Origin": origin} if origin else {})
    return _fetch("POST", url, urlencode(list(fields)).encode(), headers)


def _fetch(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Page:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS
    )
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, dict(headers))
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        return Page(url, answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
    finally:
        connection.close()


class _FormReader(HTMLParser):
    """Reads the first posting form out of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.form: tuple[str, list[Field]] | None = None
        self._is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None and given.get("method", "").lower() == "post":
            self.form, self._is_inside = (given.get("action", ""), []), True
        elif self._is_inside and self.form and tag in ("input", "select", "textarea"):
            kind = given.get("type", "text") if tag == "input" else tag
            name, value = given.get("name", ""), given.get("value", "")
            self.form[1].append(Field(name, kind, value, "checked" in given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
