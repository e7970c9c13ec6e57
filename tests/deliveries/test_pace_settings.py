"""The limits as an operator writes them."""

import pytest

from mailing.base.errors import ConfigurationError
from mailing.base.limits import DomainRate
from mailing.base.settings import Settings, load


def test_domains_are_named_alone_together_and_as_the_rest(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "gmail.com=20, mail.ru+bk.ru + LIST.ru=0.5, Почта.example=3, *=0"
    monkeypatch.setenv("KELISIM_DOMAIN_RATES", text)
    assert load(_env_file=None).domain_rates == (
        DomainRate(("gmail.com",), 20),
        DomainRate(("mail.ru", "bk.ru", "list.ru"), 0.5),
        DomainRate(("xn--80a1acny.example",), 3),
        DomainRate(("*",), 0),
    )


def test_nothing_is_limited_unless_it_is_said(settings: Settings) -> None:
    found = (settings.rate, settings.campaign_rate, settings.relay_connections)
    assert (*found, settings.domain_rates, settings.sending_hours) == (0, 0, 0, (), ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KELISIM_RATE", "inf"),
        ("KELISIM_RATE", "nan"),
        ("KELISIM_CAMPAIGN_RATE", "-1"),
        ("KELISIM_CAMPAIGN_RATE", "inf"),
        ("KELISIM_RELAY_CONNECTIONS", "-1"),
        ("KELISIM_RELAY_CONNECTIONS", "1001"),
        ("KELISIM_DOMAIN_RATES", "gmail.com"),
        ("KELISIM_DOMAIN_RATES", "gmail.com="),
        ("KELISIM_DOMAIN_RATES", "=5"),
        ("KELISIM_DOMAIN_RATES", "gmail.com=-1"),
        ("KELISIM_DOMAIN_RATES", "gmail.com=nan"),
        ("KELISIM_DOMAIN_RATES", "gmail.com=inf"),
        ("KELISIM_DOMAIN_RATES", "a b=1"),
        ("KELISIM_DOMAIN_RATES", "mail.ru+*=1"),
        ("KELISIM_DOMAIN_RATES", "mail.ru=1, bk.ru+MAIL.ru=2"),
        ("KELISIM_DOMAIN_RATES", "*=1, *=2"),
    ],
)
def test_a_limit_that_cannot_be_stops_the_start_by_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name):
        load(_env_file=None)
