"""The proxy itself, between a client of PostgreSQL and the server."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.engine import make_url

from mailing.base.database import dsn
from tests.peers.leg import Loss
from tests.peers.proxy import Proxy


@pytest.fixture
def proxy(empty_database_url: str) -> Iterator[Proxy]:
    with Proxy(make_url(empty_database_url).port or 5432) as proxy:
        with psycopg.connect(dsn(empty_database_url)) as database:
            database.execute("CREATE TABLE said (word text)")
        yield proxy


@pytest.fixture
def through(proxy: Proxy, empty_database_url: str) -> str:
    url = make_url(empty_database_url).set(port=proxy.port)
    return dsn(url.render_as_string(hide_password=False))


def words(url: str) -> list[str]:
    with psycopg.connect(url) as database:
        return [row[0] for row in database.execute("SELECT word FROM said")]


def say(url: str, word: str) -> None:
    with (
        psycopg.connect(url, autocommit=True) as database,
        database.pipeline(),
        database.transaction(),
    ):
        database.execute("INSERT INTO said VALUES (%s)", [word])


def test_a_reply_lost_after_the_commit_leaves_the_deed_done_and_the_client_without_news(
    proxy: Proxy, through: str
) -> None:
    proxy.lose(Loss.after_the_commit())
    with pytest.raises(psycopg.OperationalError):
        say(through, "done")
    assert words(through) == ["done"]
    assert proxy.happened == {"reply_lost": 1}


def test_a_request_lost_before_the_commit_leaves_nothing_done(proxy: Proxy, through: str) -> None:
    proxy.lose(Loss.before_the_commit())
    with pytest.raises(psycopg.OperationalError):
        say(through, "lost")
    assert words(through) == []
    assert proxy.happened == {"request_lost": 1}


def test_a_cut_breaks_everybody_and_a_refusal_keeps_them_out_until_it_heals(
    proxy: Proxy, through: str
) -> None:
    with psycopg.connect(through, autocommit=True) as database:
        assert proxy.cut() == 1
        with pytest.raises(psycopg.OperationalError):
            database.execute("SELECT 1")
    proxy.refuse()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(through)
    proxy.heal()
    assert words(through) == []
    assert proxy.happened["refused"] > 0


def test_a_stall_delays_and_loses_nothing(proxy: Proxy, through: str) -> None:
    with psycopg.connect(through, autocommit=True) as database:
        assert proxy.stall(0.3) == 1
        began = time.monotonic()
        database.execute("INSERT INTO said VALUES ('late')")
        assert time.monotonic() - began > 0.2
    assert words(through) == ["late"]


def test_it_may_be_healed_while_somebody_waits(proxy: Proxy, through: str) -> None:
    with psycopg.connect(through, autocommit=True) as database:
        proxy.stall(0.2)
        asked = threading.Thread(target=lambda: database.execute("SELECT 1"))
        asked.start()
        proxy.heal()
        asked.join(5)
        assert not asked.is_alive()
