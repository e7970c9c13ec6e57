"""The desk in full: paper, rights, who asks, the clock, the data put right, the registers."""

import re
from datetime import date, timedelta

import pytest
from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.deliveries import answers
from mailing.people import subscribers
from mailing.people.canonical import canonical
from mailing.requests import identifying, inquiries, registering, rights
from mailing.requests.identifying import Vouching
from mailing.requests.kinds import Channel, Kind
from mailing.requests.registering import Asking
from mailing.requests.requests import Request, find
from mailing.staff import audit, staff
from mailing.staff.audit import Actor
from mailing.staff.staff import Role
from tests.requests.desk import asked
from tests.webapp.studio.conftest import Browser
from tests.webapp.studio.test_requests import Browse
from tests.webapp.studio.world import World

OFFICER = Actor("staff 3", Role.OFFICER)
KNOWN = "person0@example.com"


@pytest.fixture
def officer(web: Flask, world: World, browse: Browse) -> Browser:
    return browse(Role.OFFICER)


def on_paper(web: Flask, *kinds: Kind, email: str = KNOWN, is_proved: bool = True) -> int:
    with web.app_context():
        asking = Asking(kinds, email, "Please destroy it all.", "en")
        made = registering.register(asking, Channel.LETTER, OFFICER)
        if is_proved:
            identifying.vouch(made.id, Vouching("Passport shown"), OFFICER)
        db.session.commit()
        return made.id


def row(web: Flask, request_id: int) -> Request:
    with web.app_context():
        return find(request_id)


def rulings_of(web: Flask, request_id: int) -> dict[str, str | None]:
    with web.app_context():
        return {one.kind: one.ruling for one in rights.of(request_id)}


def test_a_letter_is_written_down_on_somebodys_behalf(web: Flask, officer: Browser) -> None:
    today = clock.today("Asia/Almaty")
    typed: dict[str, object] = {
        "channel": "letter",
        "right": ["access", "destruction"],
        "email": KNOWN,
    }
    came: dict[str, object] = {
        "came": today.isoformat(),
        "told": "Everything, please.",
        "language": "ru",
    }
    wrong = officer.post("/studio/requests/new", typed | came | {"right": []})
    assert wrong.status_code == 422
    assert "Everything, please." in wrong.text
    assert 'href="#right"' in wrong.text
    made = officer.post("/studio/requests/new", typed | came)
    page = officer.get(f"{made.headers['Location']}?lang=en")
    assert page.status_code == 200
    assert "Everything, please." not in page.text
    number = int(made.headers["Location"].rpartition("/")[2])
    assert row(web, number).language == "ru"
    assert row(web, number).subscriber_id is not None
    read = officer.post(f"/studio/requests/{number}/original", {})
    assert "Everything, please." in read.text


def test_a_refusal_stands_in_the_answer_with_its_ground_and_article(
    web: Flask, officer: Browser
) -> None:
    number = on_paper(web, Kind.ACCESS, Kind.DESTRUCTION)
    to, page = f"/studio/requests/{number}/rule", f"/studio/requests/{number}?lang=en"
    assert "The person will read this." in officer.get(page).text
    bare = officer.post(to, {"right": "destruction", "destruction-ruling": "refuse"})
    assert bare.status_code == 422
    assert 'href="#destruction-ground"' in bare.text
    said = {"destruction-ground": "law_keeps", "destruction-words": "Until the case is over."}
    officer.post(to, {"right": "destruction", "destruction-ruling": "refuse", **said})
    officer.post(to, {"right": "access", "access-ruling": "grant"})
    assert rulings_of(web, number) == {"access": "grant", "destruction": "refuse"}
    shown = officer.get(page).text
    assert re.search(r'<option value="partly_refused" selected>', shown)
    written = re.search(r'<textarea id="words"[^>]*>(.*?)</textarea>', shown, re.DOTALL)
    assert written
    assert "article 8, paragraph 2" in written[1]
    assert "Until the case is over." in written[1]


def test_who_asks_is_settled_before_anything_is_granted(web: Flask, officer: Browser) -> None:
    number = on_paper(web, Kind.ACCESS, is_proved=False)
    at = f"/studio/requests/{number}"
    assert "once somebody has made sure who asks" in officer.get(f"{at}?lang=en").text
    refused = officer.post(f"{at}/rule?lang=en", {"right": "access", "access-ruling": "grant"})
    assert refused.status_code == 409
    officer.post(f"{at}/identity", {})
    with web.app_context():
        (asked_,) = inquiries.of(number)
        assert asked_.link in str(answers.said_in(answers.of_request(number)[-1][0]))
    assert "A link has been mailed" in officer.get(f"{at}?lang=en").text
    assert officer.post(f"{at}/vouch", {"how": ""}).status_code == 422
    officer.post(f"{at}/vouch", {"how": "Passport shown"})
    assert (row(web, number).identity, row(web, number).state) == ("staff", "open")
    assert "Passport shown" in officer.get(f"{at}?lang=en").text


def test_the_clock_stands_still_and_goes_on_and_is_extended_once(
    web: Flask, officer: Browser
) -> None:
    number = on_paper(web, Kind.ACCESS)
    at, due = f"/studio/requests/{number}", row(web, number).outer_due_at
    assert officer.post(f"{at}/pause", {"pause": ""}).status_code == 422
    officer.post(f"{at}/pause", {"pause": "documents"})
    assert "the clock stands still" in officer.get(f"{at}?lang=en").text
    officer.post(f"{at}/resume", {})
    assert row(web, number).paused_at is None
    until = (due - timedelta(days=1)).date().isoformat()
    bare = officer.post(f"{at}/extend", {"until": until, "extend-words": ""})
    assert bare.status_code == 422
    assert 'href="#extend-words"' in bare.text
    assert officer.post(f"{at}/extend", {"until": "soon", "extend-words": "x"}).status_code == 422
    officer.post(f"{at}/extend", {"until": until, "extend-words": "It is much."})
    assert row(web, number).due_at.date() == date.fromisoformat(until)
    assert "a second time there is not" in officer.get(f"{at}?lang=en").text


def test_data_are_opened_by_a_press_that_is_logged_and_put_right_by_the_person(
    web: Flask, officer: Browser
) -> None:
    number = on_paper(web, Kind.RECTIFICATION)
    at = f"/studio/requests/{number}"
    assert KNOWN not in officer.get(at).text
    assert KNOWN in officer.post(f"{at}/data", {}).text
    wrong = officer.post(f"{at}/rectify", {"new-email": "x", "new-surname": "Оспан"})
    assert wrong.status_code == 422
    assert "Оспан" in wrong.text
    officer.post(f"{at}/rectify", {"new-email": KNOWN, "new-surname": "Оспан"})
    with web.app_context():
        (asked_,) = inquiries.of(number)
        token = asked_.link.rpartition("/")[2]
        opened = [one for one in audit.latest() if one.action == "data opened"]
        assert len(opened) == 2
        assert KNOWN not in str([one.details for one in opened])
    public = web.test_client()
    assert "Оспан" in public.get(f"/inquiry/{token}?lang=en").text
    assert (
        "Your data are put right"
        in public.post(f"/inquiry/{token}?lang=en", data={"say": "yes"}).text
    )
    with web.app_context():
        found = subscribers.find(canonical(KNOWN))
        personal = subscribers.personal_of(found) if found else None
        assert personal
        assert personal.surname == "Оспан"


def test_two_requests_of_one_person_are_found_and_answered_as_one(
    web: Flask, officer: Browser
) -> None:
    first, second = on_paper(web, Kind.ACCESS), on_paper(web, Kind.BLOCKING)
    shown = officer.get(f"/studio/requests/{first}?lang=en").text
    assert "1 other request of the same person" in shown
    into = row(web, second).number
    answer = officer.post(f"/studio/requests/{first}/merge", {"into": into})
    assert answer.headers["Location"].endswith(f"/{second}")
    assert rulings_of(web, second) == {"blocking": None, "access": None}


def test_filters_stand_in_the_address_and_their_counts_add_up(web: Flask, officer: Browser) -> None:
    on_paper(web, Kind.ACCESS, Kind.DESTRUCTION, is_proved=False)
    on_paper(web, Kind.BLOCKING)
    with web.app_context():
        asked()
    seen = {
        "right=destruction": 1,
        "channel=letter": 2,
        "channel=mail": 1,
        "proved=yes": 1,
        "proved=no": 1,
        "owner=nobody": 3,
        "owner=me": 0,
        "right=nonsense&channel=x&owner=x&proved=x": 3,
    }
    found = {}
    for query in seen:
        page = officer.get(f"/studio/requests?lang=en&{query}").text
        found[query] = len(re.findall(r'<tr><th scope="row">', page))
        tabs = [int(n) for n in re.findall(r">[A-Z][\w ]+ (\d+)</a>", page)]
        assert tabs[0] == sum(tabs[1:]), query
    assert found == seen


def test_tiles_say_what_is_open_and_how_old(web: Flask, officer: Browser) -> None:
    with web.app_context():
        came = clock.now() - timedelta(days=20)
        registering.register(Asking((Kind.ACCESS,)), Channel.LETTER, OFFICER, came)
        db.session.commit()
    page = officer.get("/studio/requests?lang=en").text
    tiles = dict(re.findall(r"<dt>([^<]+)</dt><dd>(.*?)</dd>", page, re.DOTALL))
    assert tiles["Open"] == "1"
    assert tiles["Overdue"].endswith("1")
    assert tiles["Days until the end, median"] == "–"
    assert str(came.year) in tiles["The oldest came"]


@pytest.mark.parametrize(("name", "kind"), [("processing", "json"), ("incidents", "json"),
    ("year", "json"), ("year-sheet", "csv")])  # fmt: skip
def test_a_register_is_taken_as_a_file_and_that_is_logged(
    web: Flask, officer: Browser, name: str, kind: str
) -> None:
    taken = officer.post(f"/studio/registers/take/{name}", {})
    assert taken.headers["Content-Disposition"].endswith(f'.{kind}"')
    assert taken.data
    with web.app_context():
        assert audit.latest(1)[0].action == "register taken"


def test_an_incident_is_written_down_reported_and_closed(web: Flask, officer: Browser) -> None:
    at = "/studio/registers/incidents"
    typed = {"title": "A laptop was stolen", "nature": "lost", "words": "Encrypted.", "people": "7"}
    for wrong, field in (({"nature": ""}, "nature"), ({"people": "many"}, "people"),
                         ({"day": "2999-01-01", "hour": "10:00"}, "day")):  # fmt: skip
        refused = officer.post(at, typed | wrong)
        assert refused.status_code == 422
        assert f'href="#{field}"' in refused.text
        assert "A laptop was stolen" in refused.text
    made = officer.post(at, typed)
    own = made.headers["Location"]
    assert "The authority is to be told" in officer.get(f"{own}?lang=en").text
    assert officer.post(own, {"what": "reported", "words": ""}).status_code == 422
    officer.post(own, {"what": "reported", "words": "By letter."})
    officer.post(own, {"what": "closed", "words": "Keys changed."})
    page = officer.get(f"{own}?lang=en").text
    assert "By letter." in page
    assert '<option value="reopened"' in page
    assert '<option value="reported"' not in page


def test_the_desk_by_mail_is_chosen_by_whoever_answers_requests(
    web: Flask, officer: Browser, browse: Browse
) -> None:
    assert "The desk by mail" not in browse(Role.MARKETER).get("/studio/account?lang=en").text
    assert officer.post("/studio/account/digest", {"digest": "xx"}).status_code == 422
    officer.post("/studio/account/digest", {"digest": "kk"})
    with web.app_context():
        assert staff.find("officer@example.com").digest_language == "kk"
