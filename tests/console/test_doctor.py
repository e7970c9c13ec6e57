"""The doctor finds what is wrong, says it in a line, and changes nothing."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from console.doctor.dns import sending_domain
from console.doctor.finding import State
from console.doctor.smtp import relay
from console.doctor.spam_filter import spam_filter
from mailing.base import clock
from mailing.base.database import dsn
from mailing.base.settings import Settings
from tests.console.conftest import Kelisim
from tests.peers import rspamd
from tests.peers.spam_filter import answering, recorded


@contextmanager
def greeting(*lines: bytes) -> Iterator[str]:
    """A relay that says these lines, one after each thing it hears; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer, peer.makefile("rb") as heard:
                for line in lines:
                    peer.sendall(line)
                    heard.readline()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"smtp://user:secret@127.0.0.1:{server.getsockname()[1]}"
        thread.join(60)


@pytest.fixture
def states(kelisim: Kelisim) -> Callable[[], dict[str, str]]:
    """Each part and its state, the mail relay's aside (there is none in these tests)."""

    def examine() -> dict[str, str]:
        found = kelisim("doctor", "--json").document["checks"]
        return {one["name"]: one["state"] for one in found if one["name"] != "smtp"}

    return examine


def test_a_sound_installation_has_no_fault_but_the_relay(
    states: Callable[[], dict[str, str]], kelisim: Kelisim
) -> None:
    assert "fail" not in states().values()
    said = kelisim("doctor")
    assert said.code == 1
    assert "fail  smtp" in said.out


def test_secrets_that_others_may_read_are_a_warning(
    states: Callable[[], dict[str, str]], tmp_path: Path
) -> None:
    assert "env" not in states()
    path = tmp_path / ".env"
    path.touch(0o600)
    assert states()["env"] == "ok"
    path.chmod(0o640)
    assert states()["env"] == "warn"


def test_a_database_that_is_away_is_found(
    states: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELISIM_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert states()["database"] == "fail"


def test_a_queue_that_is_away_is_found(
    states: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELISIM_REDIS_URL", "redis://127.0.0.1:1/0")
    assert states()["queue"] == "fail"


def test_a_database_of_another_version_is_found(
    states: Callable[[], dict[str, str]],
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KELISIM_DATABASE_URL", empty_database_url)
    assert states()["migrations"] == "fail"


def test_another_key_is_found_and_nothing_is_written_down(
    states: Callable[[], dict[str, str]],
    shop: Kelisim,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh = shop("keys", "new", "--json").document
    monkeypatch.setenv("KELISIM_SUPPRESSION_KEY", fresh["KELISIM_SUPPRESSION_KEY"])
    assert states()["keys"] == "fail"
    assert states()["keys"] == "fail"


def test_sending_that_was_switched_off_is_found(
    states: Callable[[], dict[str, str]], settings: Settings
) -> None:
    with psycopg.connect(dsn(settings.database)) as connection:
        connection.execute("UPDATE installation SET sending_on = false, sending_off_reason = 'x'")
    assert states()["sending"] == "fail"


def test_a_journal_that_lost_a_line_is_found(
    states: Callable[[], dict[str, str]], readers: Kelisim, settings: Settings
) -> None:
    readers("unsubscribe", "oleg@pochta.example")
    readers("unsubscribe", "aigerim@poshta.example")
    assert states()["journal"] == "ok"
    journal = settings.journal / "withdrawals.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    assert states()["journal"] == "fail"


def test_a_relay_that_greets_is_fine_and_its_password_stays_unsaid() -> None:
    with greeting(b"220 hello\r\n", b"250-hello\r\n250 SIZE\r\n", b"221 bye\r\n") as url:
        found = relay(url)
    assert found.state is State.OK
    assert "secret" not in found.detail


@pytest.mark.parametrize("lines", [(b"554 no\r\n",), (b"220 hello\r\n", b"500 what\r\n"), (b"",)])
def test_a_relay_that_does_not_want_us_fails(lines: tuple[bytes, ...]) -> None:
    with greeting(*lines) as url:
        assert relay(url).state is State.FAIL


def test_a_relay_without_the_tls_that_is_asked_for_fails() -> None:
    with greeting(b"220 hello\r\n", b"250 SIZE\r\n") as url:
        found = relay(url.replace("smtp://", "smtp+starttls://"))
    assert "STARTTLS" in found.detail


def test_an_address_that_is_no_relay_fails() -> None:
    assert relay("http://127.0.0.1").state is State.FAIL


def test_a_reserved_domain_is_not_asked_about(settings: Settings) -> None:
    (found,) = sending_domain(settings)
    assert found.state is State.WARN
    assert "could not check" in found.detail


def test_a_year_without_holidays_is_named_and_a_broken_file_is_a_fault(
    states: Callable[[], dict[str, str]],
    kelisim: Kelisim,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert states()["calendar"] == "ok"
    monkeypatch.setenv("KELISIM_CALENDAR_DIR", str(tmp_path))
    assert states()["calendar"] == "warn"
    year = str(clock.today("Asia/Almaty").year)
    assert f"no holidays of {year}" in kelisim("doctor").out
    (tmp_path / f"{year}.toml").write_text("off = [1999-01-01]")
    assert states()["calendar"] == "fail"


def test_a_spam_filter_is_told_of_only_where_one_is_set_up_and_never_fails(
    states: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "rspamd" not in states()
    with answering(recorded("passed")) as filter:
        monkeypatch.setenv("KELISIM_RSPAMD_URL", filter.url)
        assert states()["rspamd"] == "ok"
        filter.status = 401
        assert states()["rspamd"] == "warn"
    assert states()["rspamd"] == "warn", "it is away by now"


def test_what_is_wrong_with_a_spam_filter_is_said_with_what_to_do(settings: Settings) -> None:
    with answering(b"{}", 401) as filter:
        (found,) = spam_filter(settings.model_copy(update={"rspamd_url": filter.url}))
        assert "set KELISIM_RSPAMD_PASSWORD" in found.detail
        filter.status = 200
        (found,) = spam_filter(settings.model_copy(update={"rspamd_url": filter.url}))
        assert "name a normal or a controller worker" in found.detail


def test_a_real_rspamd_judges_for_the_doctor(settings: Settings) -> None:
    with rspamd.running() as filter:
        told = {"rspamd_url": filter.controller, "rspamd_password": rspamd.PASSWORD}
        (found,) = spam_filter(settings.model_copy(update=told))
    assert (found.state, found.name) == (State.OK, "rspamd")
    assert found.detail.endswith(" judges")
