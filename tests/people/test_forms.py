"""Forms: registered, versioned, accepted only from their own sites (policy 1.2, 5.1)."""

from datetime import date

import pytest
from flask import Flask

from mailing.base.errors import Invalid, Missing
from mailing.people import forms, topics
from mailing.policies.versions import NewText, import_text

SITE = "https://glazik.example"


@pytest.fixture(autouse=True)
def _topics(app: Flask) -> None:
    import_text(b"the policy", NewText("kk", date(2024, 10, 1)))
    for slug, purpose in (("news", "products_services"), ("events", "events")):
        topics.add(slug, purpose, slug, slug, slug)


def test_the_same_form_again_stays_at_its_version() -> None:
    added = forms.add("main", [SITE], ["news", "events"])
    assert forms.add("main", [f"{SITE}:443/", SITE], ["news", "events", "news"]) is added
    assert forms.current(added).version == 1
    assert forms.current(added).topic_slugs == ["news", "events"]


def test_a_changed_form_is_its_next_version_and_the_old_one_stays() -> None:
    form = forms.add("main", [SITE], ["news", "events"])
    forms.add("main", [SITE], ["events"])
    assert forms.current(form).version == 2
    assert forms.version_of(form, 1).topic_slugs == ["news", "events"]
    assert forms.current(form).offers(topics.find("events"))
    assert not forms.current(form).offers(topics.find("news"))
    with pytest.raises(Missing):
        forms.version_of(form, 3)


def test_a_form_is_accepted_from_its_own_origins_alone() -> None:
    form = forms.add("main", [SITE, "http://localhost:8080"], ["news"])
    version = forms.current(form)
    assert version.accepts(SITE)
    assert version.accepts("HTTPS://Glazik.EXAMPLE:443")
    assert version.accepts("http://localhost:8080")
    for other in (
        None,
        "",
        "null",
        "http://glazik.example",
        "https://glazik.example.evil.test",
        "https://www.glazik.example",
        "https://glazik.example:8443",
        "https://user@glazik.example",
        "http://localhost",
    ):
        assert not version.accepts(other), other


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://Glazik.example/", "https://glazik.example"),
        ("http://glazik.example:80", "http://glazik.example"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_has_one_spelling(written: str, normal: str) -> None:
    assert forms.normal_origin(written) == normal
    assert forms.normal_origin(normal) == normal


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "glazik.example",
        "ftp://glazik.example",
        "https://",
        "https://glazik.example/join",
        "https://glazik.example?x",
        "https://glazik.example#x",
        "https://u:p@glazik.example",
        "https://glazik.example:port",
        "javascript:alert(1)",
        "https://a b",
    ],
)
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(Invalid, match="looks like"):
        forms.add("main", [origin], ["news"])


def test_a_form_needs_a_site_and_topics_that_exist() -> None:
    with pytest.raises(Invalid, match="origin"):
        forms.add("main", [], ["news"])
    with pytest.raises(Invalid, match="topic"):
        forms.add("main", [SITE], [])
    with pytest.raises(Invalid, match="notices"):
        forms.add("main", [SITE], ["news", "notices"])
    with pytest.raises(Missing, match="offers"):
        forms.add("main", [SITE], ["offers"])
    with pytest.raises(Invalid, match="slug"):
        forms.add("Main", [SITE], ["news"])
    with pytest.raises(Missing, match="main"):
        forms.find("main")
