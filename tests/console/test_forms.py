"""Forms and topics by command: a site's addresses, words, the snippet, and the evidence."""

from mailing.base.settings import Settings
from tests.console.conftest import Kelisim

SITE = ("--origin", "https://k.example", "--topics", "books")


def test_a_form_says_which_addresses_of_its_site_are_refused(shop: Kelisim) -> None:
    said = shop("form", "add", "extra", *SITE, "--json")
    assert said.document["origins"] == ["https://k.example"]
    assert said.document["refused_variants"] == [
        "http://k.example",
        "https://www.k.example",
        "http://www.k.example",
    ]
    assert "--all-variants" in said.err


def test_all_four_are_registered_with_one_word(shop: Kelisim) -> None:
    shop("form", "add", "extra", *SITE)
    told = shop("form", "add", "extra", *SITE, "--all-variants", "--json").document
    assert len(told["origins"]) == 4
    assert (told["version"], told["refused_variants"]) == (2, [])


def test_its_words_stay_until_others_are_given(shop: Kelisim) -> None:
    said = ("--heading-ru", "Письма", "--introduction-ru", "Раз в неделю.")
    shop("form", "add", "extra", *SITE, *said)
    told = shop("form", "add", "extra", *SITE, "--heading-kk", "Хаттар", "--json").document
    assert told["texts"] == {
        "kk": {"heading": "Хаттар"},
        "ru": {"heading": "Письма", "introduction": "Раз в неделю."},
    }
    assert told["version"] == 2
    assert shop("form", "add", "extra", *SITE, "--json").document["version"] == 2
    gone = shop("form", "add", "extra", *SITE, "--introduction-ru", "", "--json").document
    assert gone["texts"]["ru"] == {"heading": "Письма"}


def test_the_snippet_is_printed_in_a_language(shop: Kelisim, settings: Settings) -> None:
    told = shop("form", "snippet", "main", "--language", "ru", "--json").document
    assert (told["slug"], told["language"]) == ("main", "ru")
    assert f'action="{settings.public_url}/join/main?lang=ru"' in told["html"]
    printed = shop("form", "snippet", "main")
    assert printed.out.startswith("<form ")
    assert "lang=kk" in printed.out
    assert shop("form", "snippet", "nowhere", "--json").code == 1


def test_a_topic_is_added_with_how_often_it_comes(shop: Kelisim) -> None:
    names = ("--name-kk", "А", "--name-ru", "Б", "--name-en", "C", "--purpose", "events")
    told = shop("topic", "add", "fairs", *names, "--frequency", "twice_a_month", "--json")
    assert told.document["frequency"] == "twice_a_month"


def test_a_topic_is_described_anew_bit_by_bit(shop: Kelisim) -> None:
    first = ("--about-ru", "О книгах.", "--frequency", "weekly")
    assert shop("topic", "describe", "books", *first, "--json").document["frequency"] == "weekly"
    told = shop("topic", "describe", "books", "--name-en", "Reading", "--json").document
    assert (told["name_en"], told["frequency"]) == ("Reading", "weekly")
    assert told["about"] == {"ru": "О книгах."}
    last = ("--frequency", "none", "--about-ru", "")
    told = shop("topic", "describe", "books", *last, "--json").document
    assert (told["frequency"], told["about"]) == ("", {})
    assert shop("topic", "describe", "notices", "--name-en", "x", "--json").code == 1


def test_evidence_begins_with_how_consent_stood(readers: Kelisim) -> None:
    """T55."""
    said = readers("people", "evidence", "aigerim@poshta.example", "--reason", "inspection")
    assert "was valid: attested by an import on" in said.out.splitlines()[0]
    before = ("--as-of", "2025-01-01T00:00:00Z")
    assert "valid" not in readers("people", "evidence", "aigerim@poshta.example", *before).out
