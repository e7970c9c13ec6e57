"""What the DNS should say of the sending domain, and what is thought of what it says."""

import pytest
from flask import Flask

from mailing.base import dns
from mailing.base.settings import Settings
from mailing.deliveries import dns_records
from mailing.deliveries.dns_records import Name, Record
from mailing.deliveries.dns_verdicts import Standing, judge
from tests.peers.nameserver import knowing

SPF = Record(Name.SPF, "bounce.glazik.kz", "TXT", "v=spf1 a:relay.glazik.kz -all")
DKIM = Record(Name.DKIM, "k1._domainkey.glazik.kz", "TXT", "v=DKIM1; k=rsa; p=QUJD")
DMARC = Record(Name.DMARC, "_dmarc.glazik.kz", "TXT", "v=DMARC1; p=none")
MX = Record(Name.MX, "bounce.glazik.kz", "MX", "10 news.glazik.kz.")
PTR = Record(Name.PTR, "relay.glazik.kz", "PTR", "")


@pytest.mark.parametrize(
    ("record", "found", "standing"),
    [
        (SPF, ["v=spf1 a:relay.glazik.kz -all"], Standing.FINE),
        (SPF, ["google-site=x", "V=SPF1 ip4:192.0.2.1 ~all"], Standing.FINE),
        (SPF, ["v=spf1 redirect=_spf.relay.example"], Standing.FINE),
        (SPF, ["v=spf1 mx"], Standing.OTHER),
        (SPF, ["v=spf1 mx +all"], Standing.OTHER),
        (SPF, ["v=spf1 all"], Standing.OTHER),
        (SPF, ["v=spf1 mx -all", "v=spf1 -all"], Standing.OTHER),
        (SPF, ["v=spf10 -all"], Standing.MISSING),
        (SPF, [], Standing.MISSING),
        (DKIM, ["v=DKIM1; k=rsa; p=QU JD"], Standing.FINE),
        (DKIM, ["p=QUJD"], Standing.FINE),
        (DKIM, ["v=DKIM1; p=WFla"], Standing.OTHER),
        (DKIM, ["v=DKIM1; p="], Standing.OTHER),
        (DKIM, ["some words"], Standing.MISSING),
        (DMARC, ["v=DMARC1; p=none; rua=mailto:x@glazik.kz"], Standing.FINE),
        (DMARC, ["v=DMARC1;p=Reject"], Standing.FINE),
        (DMARC, ["v=DMARC1; p=perhaps"], Standing.OTHER),
        (DMARC, ["v=DMARC1; p=none", "v=DMARC1; p=reject"], Standing.OTHER),
        (DMARC, ["v=spf1 -all"], Standing.MISSING),
        (MX, ["10 mx.glazik.kz."], Standing.FINE),
        (MX, ["0 ."], Standing.OTHER),
        (MX, [], Standing.MISSING),
        (PTR, ["192.0.2.1 relay.glazik.kz"], Standing.FINE),
        (PTR, ["192.0.2.1 relay.glazik.kz", "2001:db8::1 ?"], Standing.OTHER),
        (PTR, [], Standing.MISSING),
    ],
)
def test_each_answer_has_its_verdict(
    app: Flask, record: Record, found: list[str], standing: Standing
) -> None:
    verdict = judge(record, tuple(found))
    assert verdict.standing is standing
    assert verdict.sentence.endswith(".")


def test_what_is_to_be_published_is_fine_once_it_is_found(app: Flask, settings: Settings) -> None:
    for record in dns_records.records(settings):
        if record.expected:
            assert judge(record, (record.expected,)).standing is Standing.FINE


def test_the_relays_are_named_and_dmarc_stands_at_the_registered_domain(
    app: Flask, settings: Settings
) -> None:
    told = {
        "smtp_url": ("smtps://user:secret@relay.shop.kz", "smtp://127.0.0.1:25"),
        "from_": "Shop <news@mail.shop.kz>",
        "bounce_domain": "bounce.shop.kz",
    }
    found = {one.name: one for one in dns_records.records(settings.model_copy(update=told))}
    assert found[Name.SPF].expected == "v=spf1 a:relay.shop.kz -all"
    assert found[Name.DMARC].host == "_dmarc.shop.kz"
    assert found[Name.PTR].host == "relay.shop.kz"
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("public", "relay", "spf", "mx"),
    [
        (
            "https://news.shop.kz",
            "smtp://127.0.0.1",
            "v=spf1 a:news.shop.kz -all",
            "10 news.shop.kz.",
        ),
        (
            "https://news.shop.kz",
            "smtp://192.0.2.7",
            "v=spf1 ip4:192.0.2.7 -all",
            "10 news.shop.kz.",
        ),
        ("https://192.0.2.9", "smtp://127.0.0.1", "v=spf1 ip4:192.0.2.9 -all", ""),
        ("http://127.0.0.1:8080", "smtp://127.0.0.1", "", ""),
    ],
)
def test_a_machine_is_named_as_its_record_can_name_it(
    app: Flask, settings: Settings, public: str, relay: str, spf: str, mx: str
) -> None:
    told = settings.model_copy(update={"public_url": public, "smtp_url": (relay,)})
    found = {one.name: one.expected for one in dns_records.records(told)}
    assert (found[Name.SPF], found[Name.MX]) == (spf, mx)


def test_a_name_server_is_asked_for_each_kind() -> None:
    long = "v=DKIM1; p=" + "A" * 300
    zone = {
        ("k1.shop.kz", "TXT"): [f'"{long[:200]}" "{long[200:]}"'],
        ("shop.kz", "MX"): ["10 mx.shop.kz."],
        ("relay.shop.kz", "A"): ["192.0.2.1", "192.0.2.2"],
        ("1.2.0.192.in-addr.arpa", "PTR"): ["relay.shop.kz."],
        ("2.2.0.192.in-addr.arpa", "PTR"): ["elsewhere.shop.kz."],
        ("broken.shop.kz", "TXT"): [],
    }
    with knowing(zone) as server:
        assert dns.ask("k1.shop.kz", "TXT", server) == (long,)
        assert dns.ask("shop.kz", "MX", server) == ("10 mx.shop.kz.",)
        assert dns.ask("relay.shop.kz", "PTR", server) == ("192.0.2.1 relay.shop.kz", "192.0.2.2 ?")
        assert dns.ask("nowhere.shop.kz", "TXT", server) == ()
        with pytest.raises(dns.Unanswered, match="NoNameservers"):
            dns.ask("broken.shop.kz", "TXT", server)
