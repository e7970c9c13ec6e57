"""What a worker does before its processes are forked."""

import pytest
from flask import Flask
from structlog.testing import capture_logs

from mailing.base.errors import Invalid
from mailing.base.languages import LANGUAGES, gettext_for
from mailing.deliveries import specimen
from mailing.deliveries.message.skeleton import TEMPLATES
from worker import app as starting


@pytest.fixture(autouse=True)
def started(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is made of this test's application."""
    monkeypatch.setattr(starting, "create_base", lambda: app)


def test_what_a_message_is_made_with_is_read_before_the_processes_are_forked() -> None:
    """Each sending process read all catalogues and templates before its first message."""
    gettext_for.cache_clear()
    assert TEMPLATES.cache is not None
    TEMPLATES.cache.clear()
    starting.create_worker()
    assert gettext_for.cache_info().currsize == len(LANGUAGES)
    read = {name for _, name in TEMPLATES.cache}
    assert {"message.html", "message.txt"} <= read


def test_a_specimen_that_cannot_be_written_stops_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each message says for itself why it cannot be made; a worker that does not start says nothing
    of it in the studio."""

    def fail() -> None:
        raise Invalid("The accent is no colour.")

    monkeypatch.setattr(specimen, "warm", fail)
    with capture_logs() as logged:
        starting.create_worker()
    [line] = logged
    assert line["error"] == "The accent is no colour."
