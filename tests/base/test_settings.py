"""Settings: each has a documented default or stops the start by its name."""

from pathlib import Path

import pytest

from mailing.base.errors import ConfigurationError
from mailing.base.settings import Settings, load

NEEDED = ("KELISIM_SECRET_KEYS", "KELISIM_DATA_KEY", "KELISIM_SUPPRESSION_KEY")


def read() -> Settings:
    """As the processes read them, without this checkout's own `.env`."""
    return load(_env_file=None)


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_secret_stops_the_start_by_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for absent in ("", None):
        monkeypatch.setenv(name, absent) if absent is not None else monkeypatch.delenv(name)
        with pytest.raises(ConfigurationError, match=f"{name} is not set") as raised:
            read()
        assert [other for other in NEEDED if other in raised.value.message] == [name]


def test_every_missing_secret_is_named_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NEEDED:
        monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError) as raised:
        read()
    assert all(f"{name} is not set" in raised.value.message for name in NEEDED)


WRONG = {
    "KELISIM_SECRET_KEYS": [" , "],
    "KELISIM_DATA_KEY": ["abc", "AAAA", "not base64!" * 4, ",", f"{'A' * 43}=,AAAA"],
    "KELISIM_SUPPRESSION_KEY": ["abc", "AAAA", "A" * 64],
    "KELISIM_PUBLIC_URL": [
        "http://glazik.example",
        "http://10.0.0.1",
        "http://0.0.0.0:8080",
        "http://127.0.0.1.glazik.example",
        "https://",
        "https:///path",
        "ftp://glazik.example",
        "glazik.example",
        "https://glazik.example/?a=b",
        "https://glazik.example/#top",
        "https://user:secret@glazik.example",
        "https://gla zik.example",
        "http://[::1",
    ],
    "KELISIM_RSPAMD_URL": [
        "127.0.0.1:11333",
        "unix:///run/rspamd.sock",
        "http://",
        "http://127.0.0.1:0",
        "http://127.0.0.1:port",
        "http://127.0.0.1:11333/?a=b",
        "http://user:secret@127.0.0.1:11333",
    ],
    "KELISIM_RSPAMD_PASSWORD": ["құпия", "two\nlines"],
    "KELISIM_SMTP_CONNECTIONS": ["0", "-1", "many"],
    "KELISIM_SEND_BATCH": ["0"],
    "KELISIM_RATE": ["-1", "fast"],
    "KELISIM_RETRY_MINUTES": ["", "soon", "1,-5", "1.5"],
    "KELISIM_GIVE_UP_HOURS": ["0"],
    "KELISIM_HOLDING_SECONDS": ["-1"],
    "KELISIM_TIME_ZONE": ["Asia/Atlantis", "../etc/passwd", "/etc/localtime"],
    "KELISIM_LOG_LEVEL": ["loud"],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values if value],
)
def test_what_cannot_be_stops_the_start_by_name_and_repeats_no_secret(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name) as raised:
        read()
    if "KEY" in name:
        assert value not in raised.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://news.glazik.example",
        "https://news.glazik.example:8443/mail/",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost:8080",
        "http://web.localhost",
    ],
)
def test_https_and_http_on_loopback_are_public_addresses(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("KELISIM_PUBLIC_URL", url)
    assert read().public_url == url.rstrip("/")


def test_the_mailboxes_follow_from_the_public_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KELISIM_FROM", "KELISIM_HELPDESK_ADDRESS", "KELISIM_BOUNCE_DOMAIN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("KELISIM_PUBLIC_URL", "https://glazik.example")
    found = read()
    assert (found.from_, found.helpdesk_address, found.bounce_domain) == (
        "news@glazik.example",
        "helpdesk@glazik.example",
        "bounce.glazik.example",
    )


def test_the_environment_beats_the_file_and_an_empty_value_is_none_at_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / ".env"
    file.write_text("KELISIM_LOG_LEVEL=debug\nKELISIM_SEND_BATCH=7\nKELISIM_RATE=\n")
    monkeypatch.setenv("KELISIM_LOG_LEVEL", "error")
    found = load(_env_file=file)
    assert (found.log_level, found.send_batch, found.rate) == ("error", 7, 0)


def test_settings_are_frozen_and_show_no_secret(settings: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings.rate = 1  # type: ignore[misc]
    shown = f"{settings!r} {settings}"
    assert str(settings.secret_keys[0]) not in shown
    assert repr(settings.suppression_key) not in shown
    assert repr(settings.data_key[0]) not in shown
    assert "postgresql" not in shown


def test_without_an_address_the_database_and_the_queue_are_named(settings: Settings) -> None:
    bare = settings.model_copy(update={"database_url": None, "redis_url": None})
    with pytest.raises(ConfigurationError, match="KELISIM_DATABASE_URL is not set"):
        _ = bare.database
    with pytest.raises(ConfigurationError, match="KELISIM_REDIS_URL is not set"):
        _ = bare.queue


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KELISIM_SMTP_URL", "ftp://relay.example"),
        ("KELISIM_DATABASE_URL", "mysql://somebody@127.0.0.1/kelisim"),
        ("KELISIM_REDIS_URL", "amqp://127.0.0.1"),
    ],
)
def test_an_address_of_the_wrong_kind_stops_the_start_by_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        load(_env_file=None)
