"""The catcher's page: the newest messages, each as mail, as text and as raw source.

A caught message is a stranger's HTML: it is shown in a sandboxed frame without scripts, forms,
cookies or anything remote. Its links open outside, so that one can follow them.
"""

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader

from console.catcher.mailbox import Caught, Mailbox

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_OUR_PAGE = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_THEIR_PAGE = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
HTML, TEXT, CSS = "text/html", "text/plain", "text/css"
Answer = tuple[HTTPStatus, str, str, bytes]


def serve(mailbox: Mailbox, host: str, port: int) -> ThreadingHTTPServer:
    """A server for the page, not yet running; it listens already."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, rules, body = answer(mailbox, urlsplit(self.path).path)
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", rules)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keeps no log."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


def answer(mailbox: Mailbox, path: str) -> Answer:
    """What stands at that path: status, content type, content security policy, body."""
    if path == "/":
        return _ours("list.html", messages=mailbox.newest())
    if path == "/style.css":
        return HTTPStatus.OK, CSS, _OUR_PAGE, _read("style.css")
    number, _, view = path.removeprefix("/message/").partition("/")
    caught = mailbox.find(int(number)) if number.isdecimal() else None
    show = _VIEWS.get(view)
    if not path.startswith("/message/") or caught is None or show is None:
        return HTTPStatus.NOT_FOUND, TEXT, _OUR_PAGE, b"There is no such message here.\n"
    return show(caught)


def _message(caught: Caught) -> Answer:
    return _ours("message.html", caught=caught)


def _html(caught: Caught) -> Answer:
    # Whatever the message says about its links, they open in a window of their own.
    body = '<base target="_blank">' + caught.part("html")
    return HTTPStatus.OK, HTML, _THEIR_PAGE, body.encode(errors="replace")


def _text(caught: Caught) -> Answer:
    return HTTPStatus.OK, TEXT, _OUR_PAGE, caught.part("plain").encode(errors="replace")


def _raw(caught: Caught) -> Answer:
    return HTTPStatus.OK, TEXT, _OUR_PAGE, caught.raw


_VIEWS: dict[str, Callable[[Caught], Answer]] = {
    "": _message,
    "html": _html,
    "text": _text,
    "raw": _raw,
}


def _ours(template: str, **context: object) -> Answer:
    body = _PAGES.get_template(template).render(**context)
    return HTTPStatus.OK, HTML, _OUR_PAGE, body.encode(errors="replace")


def _read(name: str) -> bytes:
    return (Path(__file__).parent / "pages" / name).read_bytes()
