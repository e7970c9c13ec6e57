"""The footer says when and where its reader signed up: in each language, in both parts."""

from dataclasses import replace
from datetime import date
from html import unescape

import pytest

from mailing.base.languages import gettext_for
from mailing.deliveries.message import Kind, SignedUp, Stamp, UnsafeValue, compile, confirmation
from tests.deliveries.message.samples import BODY, FRAME, PERSON, STAMP, content, parts_of
from tests.deliveries.message.test_message import MAIL

DAY = date(2026, 3, 12)
SITE = SignedUp(DAY, site="glasses.example")
FORM = SignedUp(DAY, form="shop")
ALONE = SignedUp(DAY)
SAID = {
    ("en", SITE): "You signed up on 12 March 2026 at glasses.example.",
    ("en", FORM): "You signed up on 12 March 2026 through the form “shop”.",
    ("en", ALONE): "You signed up on 12 March 2026.",
    ("ru", SITE): "Вы подписались 12 марта 2026 г. на сайте glasses.example.",
    ("ru", FORM): "Вы подписались 12 марта 2026 г. через форму «shop».",
    ("ru", ALONE): "Дата вашей подписки: 12 марта 2026 г.",
    ("kk", SITE): "Сіз 2026 ж. 12 наурыз күні glasses.example сайтында жазылдыңыз.",
    ("kk", FORM): "Сіз 2026 ж. 12 наурыз күні «shop» формасы арқылы жазылдыңыз.",
    ("kk", ALONE): "Сіз 2026 ж. 12 наурыз күні жазылдыңыз.",
}


def parts(language: str, stamp: Stamp, reason: Kind = Kind.CAMPAIGN) -> dict[str, str]:
    """Both parts as they are read, no-break spaces taken for blanks."""
    frame = replace(FRAME, gettext=gettext_for(language).gettext, reason=reason)
    sent = compile(content(BODY, language=language), frame).render(PERSON, stamp)
    read = parts_of(sent.message)
    return {name: unescape(text).replace("\xa0", " ") for name, text in read.items()}


@pytest.mark.parametrize("reason", [Kind.CAMPAIGN, Kind.NOTICE])
@pytest.mark.parametrize(("language", "signed_up"), list(SAID))
def test_both_parts_say_when_and_where(language: str, signed_up: SignedUp, reason: Kind) -> None:
    read = parts(language, STAMP._replace(signed_up=signed_up), reason)
    said = SAID[language, signed_up]
    assert f" {said}\r\n\r\n" in read["plain"]
    assert f" {said}</p>" in read["html"]


def test_whose_day_is_not_known_is_told_the_reason_alone() -> None:
    read = parts("en", STAMP._replace(signed_up=SignedUp()))
    assert "signed up" not in read["plain"] + read["html"]
    assert "мен қызметтер”.\r\n\r\n" in read["plain"]
    assert "мен қызметтер”.</p>" in read["html"]


def test_a_confirmation_tells_of_no_signing_up() -> None:
    read = parts_of(confirmation(FRAME, MAIL, PERSON, STAMP).message)
    assert "signed up" not in read["plain"] + read["html"]


def test_a_site_cannot_write_into_the_letter() -> None:
    odd = SignedUp(DAY, site='<b onclick="x">&')
    read = parts_of(
        compile(content(BODY), FRAME).render(PERSON, STAMP._replace(signed_up=odd)).message
    )
    assert "at &lt;b onclick=&quot;x&quot;&gt;&amp;." in read["html"]
    broken = STAMP._replace(signed_up=SignedUp(DAY, site="a.example\r\nBcc: b@example.com"))
    with pytest.raises(UnsafeValue):
        compile(content(BODY), FRAME).render(PERSON, broken)


@pytest.mark.parametrize(
    ("label", "said"), [("3", "Personal data policy, version 3"), ("", "Personal data policy")]
)
def test_both_parts_lead_to_the_policy_and_name_its_version(label: str, said: str) -> None:
    frame = replace(FRAME, policy_label=label)
    read = parts_of(compile(content(BODY), frame).render(PERSON, STAMP).message)
    assert f"{said}:\r\nhttps://glasses.example/policy/3" in read["plain"]
    assert 'href="https://glasses.example/policy/3"' in read["html"]
    assert f">{said}</a>" in read["html"]
