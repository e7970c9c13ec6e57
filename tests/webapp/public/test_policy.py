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
from webapp.public import changes
from webapp.public.changes import Change, Kind

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


def test_a_comparison_names_what_went_and_what_came_in_reading_order() -> None:
    assert changes.between("one\n\ntwo  words\nthree", "one\ntwo words\n3\nfour") == [
        Change(Kind.REMOVED, "three"),
        Change(Kind.ADDED, "3"),
        Change(Kind.ADDED, "four"),
    ]


def test_texts_too_long_to_compare_are_not_called_unchanged() -> None:
    long = "\n".join(str(number) for number in range(changes.MOST_LINES + 1))
    assert changes.between(long, "short") is None


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
