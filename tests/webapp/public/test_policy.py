"""The policy, word for word, in every version that was published."""

from datetime import date
from hashlib import sha256
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mailing.base.database import db
from mailing.policies import versions
from mailing.policies.versions import NewText
from tests.webapp.public.conftest import DATA, Shop

SEED = (DATA / "policy-kk.txt").read_bytes()


def test_the_policy_in_force_is_shown_word_for_word_with_its_hash(
    client: FlaskClient, shop: Shop
) -> None:
    page = unescape(client.get("/policy?lang=kk").text)
    assert SEED.decode("utf-8").removeprefix("\ufeff") in page.replace("\r\n", "\n")
    assert sha256(SEED).hexdigest() in page
    assert "2024\N{NO-BREAK SPACE}ж. 1 қазан" in page


def test_a_language_that_was_not_published_gets_the_text_as_it_was(
    client: FlaskClient, shop: Shop
) -> None:
    page = client.get("/policy?lang=en").text
    assert "This version was not published in English" in page
    assert '<article class="policy" lang="kk">' in page


def test_a_version_answers_to_its_id_its_label_and_its_hash(
    client: FlaskClient, shop: Shop
) -> None:
    by_id, by_label, by_hash = (
        client.get(f"/policy/{name}?lang=kk")
        for name in (shop.policy, "2024-10-01", sha256(SEED).hexdigest())
    )
    assert {by_id.status_code, by_label.status_code, by_hash.status_code} == {200}
    assert _article(by_id.text) == _article(by_label.text) == _article(by_hash.text)


def test_a_later_version_says_what_has_changed(client: FlaskClient, web: Flask, shop: Shop) -> None:
    later = _publish(web, SEED + "\n8.1 Жаңа тармақ <b>.\n".encode(), date(2099, 1, 1))
    page = client.get(f"/policy/{later}?lang=en").text
    assert "What has changed since version 2024-10-01" in page
    assert "8.1 Жаңа тармақ &lt;b&gt;." in page
    assert "Takes effect on" in page
    assert f'href="/policy/{shop.policy}?lang=en"' in page
    assert f"<strong>{versions_label(web, shop.policy)}</strong>" in client.get("/policy").text


def test_an_older_version_says_that_a_newer_one_is_in_force(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    _publish(web, SEED + b"\nnew", date(2025, 1, 1))
    page = client.get(f"/policy/{shop.policy}?lang=en").text
    assert "A newer version is in force." in page
    assert "<dt>No longer in force since</dt><dd>1 January 2025</dd>" in page


def test_the_list_says_which_is_in_force_which_was_and_which_is_coming(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    _publish(web, SEED + b"\nnew", date(2025, 1, 1))
    _publish(web, SEED + b"\ncoming", date(2099, 1, 1))
    listed = client.get("/policy?lang=en").text.partition("All versions")[2]
    lines = [" ".join(line.split()) for line in listed.split("<li>")[1:]]
    assert "takes effect on 1 January 2099" in lines[0]
    assert "in force since 1 January 2025" in lines[1]
    assert "no longer" not in lines[1]
    assert "no longer in force since 1 January 2025" in lines[2]
    russian = client.get("/policy?lang=ru").text
    assert "не действует с 1 января 2025" in russian.replace("\N{NO-BREAK SPACE}", " ")


def test_what_a_version_newly_declares_is_named_beside_the_changes(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    with web.app_context():
        wider = (*versions.PURPOSES, "surveys")
        new = NewText("kk", date(2025, 1, 1), "wider", True, purposes=wider)
        versions.publish(versions.find(versions.import_text(b"wider", new).policy_id))
        db.session.commit()
    page = client.get("/policy/wider?lang=en").text
    assert "New purpose: surveys. It applies to you only after you agree." in page
    assert "Your own link to agree stands in our e-mail about this version." in page
    assert "New data" not in page
    assert "Новая цель: surveys." in client.get("/policy/wider?lang=ru").text


@pytest.mark.parametrize("ref", ["99999", "nonsense", "0" * 64, "../etc/passwd", "1%00"])
def test_a_version_that_does_not_exist_is_not_found(
    client: FlaskClient, shop: Shop, ref: str
) -> None:
    assert client.get(f"/policy/{ref}").status_code == 404


def test_a_draft_is_shown_to_nobody(client: FlaskClient, web: Flask, shop: Shop) -> None:
    with web.app_context():
        kept = versions.import_text(SEED + b"\ndraft", NewText("kk", date(2024, 12, 1)))
        db.session.commit()
        draft = kept.policy_id
    assert client.get(f"/policy/{draft}").status_code == 404
    assert f"/policy/{draft}" not in client.get("/policy").text


def test_before_any_policy_is_published_the_page_says_so(client: FlaskClient) -> None:
    answer = client.get("/policy?lang=en")
    assert answer.status_code == 404
    assert "No personal data policy has been published yet." in answer.text


def test_the_front_page_says_who_this_is_and_links_to_the_policy(
    client: FlaskClient, shop: Shop
) -> None:
    page = client.get("/?lang=en").text
    assert "Glazik Kazakhstan LLP" in page
    assert f'href="/policy/{shop.policy}?lang=en"' in page


def test_any_two_versions_are_compared_and_the_words_in_a_clause_marked(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    first = _publish(web, "1. Жалпы\n1.1 Хат айына бір рет келеді.\n".encode(), date(2025, 1, 1))
    _publish(web, "1. Жалпы\n1.1 Басқа.\n".encode(), date(2025, 6, 1))
    last = _publish(web, "1. Жалпы\n1.1 Хат айына екі\nрет келеді.\n".encode(), date(2026, 1, 1))
    page = client.get(f"/policy/{last}?compare={first}&lang=en").text
    assert "What has changed since version 2025-01-01" in page
    assert '<li class="changed"><span class="unseen" lang="en">Changed:</span>' in page
    assert '<del><span class="unseen" lang="en">Removed:</span> бір</del>' in page
    assert '<ins><span class="unseen" lang="en">Added:</span> екі</ins>' in page
    assert page.count("<ins>") == page.count("<del>") == 1
    assert f'href="/policy/{last}?compare={first}&amp;lang=ru"' in page, "the languages keep it"


@pytest.mark.parametrize("other", ["99999", "nonsense", "draft"])
def test_a_comparison_with_what_is_not_published_is_not_found(
    client: FlaskClient, web: Flask, shop: Shop, other: str
) -> None:
    with web.app_context():
        versions.import_text(b"draft", NewText("kk", date(2026, 2, 1), label="draft"))
        db.session.commit()
    assert client.get(f"/policy/{shop.policy}?compare={other}").status_code == 404


def test_versions_that_share_no_language_say_that_they_cannot_be_compared(
    client: FlaskClient, web: Flask, shop: Shop
) -> None:
    with web.app_context():
        kept = versions.import_text(b"1. In English", NewText("en", date(2025, 1, 1)))
        versions.publish(versions.find(kept.policy_id))
        db.session.commit()
        number = kept.policy_id
    page = client.get(f"/policy/{number}?compare={shop.policy}&lang=en").text
    assert "published in different languages" in page


HOSTILE = """# Саясат

1.1 **Маңызды** <script>alert(1)</script> <img src=x onerror=alert(2)>
![p](https://tracker.example/p.gif) [a](javascript:alert(3)) [b](https://good.example/)

[c]: data:text/html,x
"""


@pytest.mark.parametrize("written", ["markdown", "text"])
def test_a_text_with_script_in_it_is_shown_and_never_obeyed(
    client: FlaskClient, web: Flask, shop: Shop, written: str
) -> None:
    with web.app_context():
        new = NewText("kk", date(2025, 1, 1), format=written)
        kept = versions.import_text(HOSTILE.encode(), new)
        versions.publish(versions.find(kept.policy_id))
        db.session.commit()
        number = kept.policy_id
    page = client.get(f"/policy/{number}?compare={shop.policy}").text
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert sha256(HOSTILE.encode()).hexdigest() in page
    is_rendered = "<strong>Маңызды</strong>" in page and 'href="https://good.example/"' in page
    assert is_rendered == (written == "markdown")


def versions_label(web: Flask, policy: int) -> str:
    with web.app_context():
        return versions.find(policy).label


def _publish(web: Flask, content: bytes, day: date) -> int:
    with web.app_context():
        kept = versions.import_text(content, NewText("kk", day))
        versions.publish(versions.find(kept.policy_id))
        db.session.commit()
        return kept.policy_id


def _article(page: str) -> str:
    return page[page.index("<article") : page.index("</article>")]
