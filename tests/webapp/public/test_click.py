"""A counted link: it leads on whatever happens, to nothing but what was stored, and tells nobody
who came."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import Settings
from mailing.campaigns import counting
from mailing.deliveries import clicks, counted_links, meter
from mailing.deliveries.counted_links import CountedLink, Led
from mailing.deliveries.meter import BURST_LINKS
from tests.road import ACTOR
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Rows, Shop
from tests.webapp.public.crowd import a_counted_link
from webapp.public.pressed import Pressed

TARGET = "https://shop.example/new?a=1&b=2"
PERSON = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36"}
STRANGER = {"REMOTE_ADDR": "203.0.113.7"}

Sums = Callable[[], tuple[int, int]]


@pytest.fixture
def link(web: Flask, shop: Shop) -> str:
    with web.app_context():
        return f"/c/{a_counted_link(TARGET)}"


@pytest.fixture
def sums(settings: Settings) -> Sums:
    """People's and machines' clicks on all links, as the meter has them."""

    def read() -> tuple[int, int]:
        found = [
            one for hour in meter.read(settings, clock.now()).values() for one in hour.values()
        ]
        machines = sum(one[1] for one in found)
        return sum(one[0] for one in found) - machines, machines

    return read


def test_it_leads_on_without_a_cookie_a_referrer_or_a_copy(
    client: FlaskClient, link: str, rows: Rows, sums: Sums
) -> None:
    before = rows()
    answer = client.get(link, headers=PERSON)
    assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
    wanted = {
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
    }
    assert {name: answer.headers.get(name) for name in wanted} == wanted
    assert "Set-Cookie" not in answer.headers
    assert rows() == before
    assert sums() == (1, 0)


ELSEWHERE = [
    *("?to=https://evil.example", "?next=//evil.example", "#https://evil.example"),
    "?lang=kk&url=https%3A%2F%2Fevil.example",
]


@pytest.mark.parametrize("more", ELSEWHERE)
def test_nothing_behind_it_leads_elsewhere(client: FlaskClient, link: str, more: str) -> None:
    assert client.get(link + more).headers["Location"] == TARGET


FORGED = [
    *("https://evil.example", "https:%2F%2Fevil.example", "//evil.example", "%2e%2e", "x"),
    *("%0d%0aLocation:%20https:%2F%2Fevil.example", "%FF%FE", "' OR '1'='1", "қыс"),
]


@pytest.mark.parametrize("token", FORGED)
def test_what_is_not_stored_is_the_page_of_a_broken_link(
    client: FlaskClient, link: str, sums: Sums, token: str
) -> None:
    answer = client.get(f"/c/{token}?lang=en")
    assert answer.status_code == 404
    assert "Location" not in answer.headers
    assert client.get(f"{link}A").status_code == client.get(link.upper()).status_code == 404
    assert sums() == (0, 0)


def test_a_target_in_kazakh_letters_is_reached_by_its_octets(web: Flask, shop: Shop) -> None:
    with web.app_context():
        token = a_counted_link("https://көзілдірік.test/қыс?түс=қара#үлгі")
    to = web.test_client().get(f"/c/{token}").headers["Location"]
    assert to.isascii()
    assert to.startswith("https://xn--")
    assert to.endswith(f".test/{quote('қыс')}?{quote('түс')}={quote('қара')}#{quote('үлгі')}")


def test_with_valkey_away_it_leads_on_all_the_same_and_asks_only_once(
    with_settings: With, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    network = Pressed._network

    def noted(self: Pressed, led: Led, address: str | None) -> str | None:
        asked.append(address)
        return network(self, led, address)

    monkeypatch.setattr(Pressed, "_network", noted)
    away = with_settings(redis_url="redis://127.0.0.1:1/0")
    for _ in range(3):
        answer = away.get(link, headers=PERSON)
        assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
    assert len(asked) == 1


MACHINES = {
    "HEAD": ("HEAD", PERSON),
    "a prefetch": ("GET", PERSON | {"Sec-Purpose": "prefetch;prerender"}),
    "an old prefetch": ("GET", PERSON | {"X-Moz": "prefetch"}),
    "a scanner of mail": ("GET", {"User-Agent": "Mozilla/5.0 (compatible; SafeLinks)"}),
    "a preview": ("GET", {"User-Agent": "TelegramBot (like TwitterBot)"}),
    "a library": ("GET", {"User-Agent": "python-requests/2.32"}),
    "no name": ("GET", {"User-Agent": ""}),
}


@pytest.mark.parametrize("what", list(MACHINES))
def test_a_machine_that_says_so_is_counted_apart(
    client: FlaskClient, link: str, sums: Sums, what: str
) -> None:
    """T27 to T29: it is led on, too, and is nobody's doing."""
    method, headers = MACHINES[what]
    assert client.open(link, method=method, headers=headers).status_code == 302
    assert sums() == (0, 1)


PEOPLE = {
    "a telephone whose maker ends in bot": "Mozilla/5.0 (Linux; Android 10; CUBOT X30) Chrome/120",
    "a mail program": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0",
    "an iPhone": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
}


@pytest.mark.parametrize("what", list(PEOPLE))
def test_a_person_is_no_machine(client: FlaskClient, link: str, sums: Sums, what: str) -> None:
    client.get(link, headers={"User-Agent": PEOPLE[what]})
    assert sums() == (1, 0)


def _of_one_campaign() -> list[str]:
    tokens = [a_counted_link(f"https://shop.example/{n}") for n in range(BURST_LINKS)]
    for number, token in enumerate(tokens, 1):
        link = db.session.get_one(CountedLink, token)
        link.number, link.campaign_id = number, counted_links.led(tokens[0]).campaign_id
        db.session.commit()
    return tokens


def test_a_burst_from_one_network_is_a_machines_and_its_address_is_kept_nowhere(
    web: Flask, shop: Shop, sums: Sums, settings: Settings
) -> None:
    with web.app_context():
        links = _of_one_campaign()
    client = web.test_client()
    for one in links[:-1]:
        client.get(f"/c/{one}", headers=PERSON, environ_overrides=STRANGER)
    assert sums() == (BURST_LINKS - 1, 0)
    client.get(f"/c/{links[-1]}", headers=PERSON, environ_overrides=STRANGER)
    assert sums() == (0, BURST_LINKS)
    with Redis.from_url(settings.queue, decode_responses=True) as redis:
        keys = list(redis.scan_iter(match=f"{settings.queue_prefix}clicks:*"))
        assert len(keys) == 2
        assert not [key for key in keys if "203.0.113" in key]


def test_a_network_that_stands_for_everybody_makes_no_burst(
    web: Flask, shop: Shop, sums: Sums
) -> None:
    """Behind a proxy that no setting names, all people come from one address."""
    with web.app_context():
        links = _of_one_campaign()
    for one in links:
        web.test_client().get(f"/c/{one}", headers=PERSON)
    assert sums() == (BURST_LINKS, 0)


def test_where_counting_was_switched_off_it_leads_on_and_counts_nothing(
    web: Flask, link: str, sums: Sums
) -> None:
    with web.app_context():
        counting.switch(False, ACTOR)
        db.session.commit()
    assert web.test_client().get(link, headers=PERSON).headers["Location"] == TARGET
    assert sums() == (0, 0)


def test_what_was_pressed_stands_in_the_rows_once_it_is_gathered(
    web: Flask, client: FlaskClient, link: str
) -> None:
    client.get(link, headers=PERSON)
    client.head(link, headers=PERSON)
    with web.app_context():
        assert clicks.gather() == 1
        row = db.session.execute(db.text("SELECT pressed, machines FROM clicks")).one()
    assert tuple(row) == (2, 1)


def test_only_looking_is_allowed(client: FlaskClient, link: str) -> None:
    answer = client.post(link)
    assert answer.status_code == 405
    assert "POST" not in answer.headers["Allow"]
