"""The audit log: searched by who, what, subject and day; taken along as a line of its own."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.staff import audit
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.webapp.studio.conftest import Browser

DANA, ERLAN = Actor("staff 71", Role.MARKETER), Actor("staff 72", Role.OFFICER)


@pytest.fixture
def officer(web: Flask, browse: Callable[[Role], Browser]) -> Browser:
    """An officer before a log of five days: a pause a day by Dana, a stop by Erlan."""
    browser = browse(Role.OFFICER)
    with web.app_context():
        for number in range(5):
            at = clock.now() - timedelta(days=10 - number)
            with clock.use(lambda at=at: at):  # type: ignore[misc]
                audit.record(DANA, "campaign paused", f"campaign {number}", out=number)
        audit.record(ERLAN, "campaign stopped", "campaign 1_0", why="=HYPERLINK(1)")
        db.session.commit()
    return browser


def rows(browser: Browser, form: dict[str, object]) -> list[list[str]]:
    answer = browser.post("/studio/audit/export", form)
    assert answer.mimetype == "text/csv"
    return list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    ("asked", "subjects"),
    [
        ({"actor": "staff 72"}, ["campaign 1_0"]),
        ({"actor": "staff 7"}, []),
        ({"action": "campaign p"}, [f"campaign {n}" for n in (4, 3, 2, 1, 0)]),
        ({"subject": "campaign 1"}, ["campaign 1_0", "campaign 1"]),
        ({"subject": "campaign 1_"}, ["campaign 1_0"]),
        ({"subject": "campaign %"}, []),
        ({"subject": "' OR 1=1 --"}, []),
        ({"actor": "staff 71", "subject": "campaign 3"}, ["campaign 3"]),
    ],
)
def test_a_search_finds_exactly_what_it_says(
    officer: Browser, asked: dict[str, str], subjects: list[str]
) -> None:
    _, *found = rows(officer, dict(asked))
    assert [row[5] for row in found] == subjects
    page = officer.get("/studio/audit?" + "&".join(f"{k}={v}" for k, v in asked.items())).text
    assert [f">{subject}</td>" in page for subject in subjects] == [True] * len(subjects)


def test_days_are_those_of_the_operators_zone_and_the_last_one_counts(
    web: Flask, officer: Browser
) -> None:
    with web.app_context():
        zone = web.extensions["kelisim"].time_zone
        day = (clock.today(zone) - timedelta(days=8)).isoformat()
    _, *found = rows(officer, {"since": day, "until": day, "actor": "staff 71"})
    assert [row[5] for row in found] == ["campaign 2"]


def test_a_day_that_is_none_is_said_so_and_kept(officer: Browser) -> None:
    answer = officer.get("/studio/audit?since=yesterday&lang=en")
    assert answer.status_code == 422
    assert "Enter a day like 2026-03-05." in answer.text


def test_taking_lines_along_is_a_line_itself_and_runs_no_formula(
    web: Flask, officer: Browser
) -> None:
    _, row = rows(officer, {"actor": "staff 72"})
    assert row[6] == "why==HYPERLINK(1)"
    assert not row[6].startswith("=")
    with web.app_context():
        newest = audit.latest(1)[0]
        assert (newest.action, newest.details) == (
            "audit log exported",
            {"rows": 1, "by_actor": "staff 72"},
        )


def test_older_lines_keep_the_search(officer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.studio.audit_pages.A_PAGE", 2)
    page = officer.get("/studio/audit?actor=staff+71").text
    assert page.count("campaign paused</td>") == 2
    [older] = [part.split('"')[0] for part in page.split('href="') if "before=" in part[:200]]
    following = officer.get(older.replace("&amp;", "&")).text
    assert ">campaign 2</td>" in following
    assert ">campaign 4</td>" not in following


def test_neither_marketer_nor_viewer_reads_or_takes_it(browse: Callable[[Role], Browser]) -> None:
    for role in (Role.MARKETER, Role.VIEWER):
        browser = browse(role)
        assert browser.get("/studio/audit").status_code == 403
        assert browser.post("/studio/audit/export").status_code == 403


@pytest.mark.parametrize("field", ["actor", "action", "subject"])
def test_the_log_is_searched_for_no_address_and_keeps_none(
    web: Flask, officer: Browser, field: str
) -> None:
    """An export says what was looked for, in a line that stays when the data have gone."""
    typed = {field: "canary@example.com"}
    page = officer.get(f"/studio/audit?{field}=canary@example.com&lang=en")
    assert page.status_code == 422
    assert "names nobody by an address" in page.text
    answer = officer.post("/studio/audit/export", dict(typed))
    assert answer.status_code == 422
    assert answer.mimetype == "text/html", "nor is everything exported in its place"
    with web.app_context():
        told = [str(one.details) for one in audit.latest()]
    assert not any("canary" in one for one in told)
