"""A real browser, and the web application on a real socket that its links lead to."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from mailing.base.database import db
from mailing.base.settings import Settings
from webapp.app import create_app

# Without the window that nobody sees, a page is there in a third of the time.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


class _Silent(WSGIRequestHandler):
    """Requests of tests need no line each."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Where there is none: a named skip, or a failure in continuous runs."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        _without("a browser: install Debian's package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def web(settings: Settings) -> Iterator[Flask]:
    """The web application, whose own address is where `site` serves it."""
    own = settings.model_copy(update={"public_url": f"http://127.0.0.1:{_free_port()}"})
    application = create_app(own)
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def site(web: Flask) -> Iterator[str]:
    """The address of the running application."""
    address: str = web.extensions["kelisim"].public_url
    port = int(address.rpartition(":")[2])
    server = make_server("127.0.0.1", port, web, threaded=True, request_handler=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _without(what: str) -> None:
    if os.environ.get("KELISIM_CI") == "1":
        pytest.fail(f"This machine lacks {what}.")
    pytest.skip(f"This machine lacks {what}.")
