"""The editor's look: every finding for what deserves it, and none for what does not."""

import re
from dataclasses import replace

import pytest

from mailing.deliveries.message import compile
from mailing.deliveries.message.review import Own, review
from mailing.deliveries.review_words import words_of
from tests.deliveries.message.keys import key_of_ed25519
from tests.deliveries.message.samples import FRAME, PERSON, STAMP, content

ENOUGH = "Құрметті оқырман, бүгінгі жаңалықтар осында жиналды. " * 8
OWN = Own(FRAME.policy_url, FRAME.topic_name, FRAME.operator.name)


def raw_of(body: str = ENOUGH, subject: str = "Қараша", format: str = "markdown") -> bytes:
    """A finished message."""
    said = content(body, subject=subject, format=format)
    return compile(said, FRAME).render(PERSON, STAMP).message


def findings(
    body: str = ENOUGH, subject: str = "Қараша жаңалықтары", format: str = "markdown"
) -> set[str]:
    """The ids of what is found in a finished message."""
    found = list(review(raw_of(body, subject, format), "kk", OWN))
    assert len(set(found)) == len(found), "each once"
    assert all(words_of(one.id) for one in found)
    return {one.id for one in found}


def test_a_plain_message_has_nothing_to_be_said_about() -> None:
    assert findings() == set()
    assert findings(f"{ENOUGH}\n\n[Біздің қараша сөресі](https://glazik.example/x)") == set()
    image = "<p>" + ENOUGH + '</p><img src="https://glazik.example/a.png" alt="Көзілдірік" />'
    assert findings(image, format="html") == set()
    decorative = image.replace("Көзілдірік", "")
    assert findings(decorative, format="html") == set(), "empty says that it is decoration"


@pytest.mark.parametrize(
    ("body", "format", "finding"),
    [
        (f"{ENOUGH} [енгізу: бағасы]", "markdown", "placeholder"),
        (f"{ENOUGH} [вставить цену]", "markdown", "placeholder"),
        ('<p>a</p><img src="https://a.example/a.png">' + ENOUGH, "html", "alt_missing"),
        (ENOUGH + '<img src="https://a.example/a-1.png" alt="a-1">', "html", "alt_is_file"),
        ("![Сөре](https://a.example/a.png)", "markdown", "image_only"),
        (f"{ENOUGH} [мұнда](https://a.example/x)", "markdown", "link_words"),
        (f"{ENOUGH} [Здесь!](https://a.example/x)", "markdown", "link_words"),
        (ENOUGH + '<a href="https://a.example/x"></a>', "html", "link_wordless"),
        (f"{ENOUGH} [Сөре бағасы](https://bit.ly/x)", "markdown", "shortener"),
        (f"{ENOUGH} [Сөре бағасы](http://a.example/x)", "markdown", "insecure_link"),
        ("<table><tr><td>" + ENOUGH + "</td></tr></table>", "html", "layout_tables"),
        ('<p style="font-size:11px">' + ENOUGH + "</p>", "html", "small_letters"),
        ("Дорогой читатель, вот новости этого месяца. " * 8, "markdown", "not_kazakh"),
        (ENOUGH * 110, "markdown", "large"),
        (ENOUGH * 250, "markdown", "clipped"),
    ],
)
def test_what_a_reader_would_stumble_over_is_found(body: str, format: str, finding: str) -> None:
    assert finding in findings(body, format=format)


@pytest.mark.parametrize(
    ("subject", "finding"),
    [
        ("Қ" + "ара" * 20, "subject_long"),
        ("ҚАРАША ЖАҢАЛЫҚТАРЫ", "subject_capitals"),
        ("Жеңілдік!!", "subject_shouts"),
        ("Re: жаңалықтар", "subject_pretends"),
        ("Fwd: жаңалықтар", "subject_pretends"),
        ("Жаңaлықтар", "mixed_letters"),
    ],
)
def test_a_subject_that_deceives_or_shouts_is_found(subject: str, finding: str) -> None:
    assert finding in findings(subject=subject)


@pytest.mark.parametrize("subject", ["Жеңілдік!", "iPhone және біз", "Реставрация", "KZ-дағы ЖШС"])
def test_an_ordinary_subject_is_not(subject: str) -> None:
    assert findings(subject=subject) == set()


def test_a_signature_that_leaves_the_way_out_uncovered_is_found() -> None:
    """F3: RFC 8058 section 4 wants both fields under the signature."""
    said = compile(content(ENOUGH), replace(FRAME, keys=(key_of_ed25519(),)))
    covered = said.render(PERSON, STAMP).message
    assert not {one.id for one in review(covered, "kk", OWN)} & {"unsigned_field"}
    for name in (b"List-Unsubscribe", b"List-Unsubscribe-Post"):
        head, _, rest = covered.partition(b"\r\nFrom:")
        bare = re.sub(rb":(\r\n )?" + name + rb"(?=[:;])", b"", head)
        found = list(review(bare + b"\r\nFrom:" + rest, "kk", OWN))
        assert [one.what for one in found if one.id == "unsigned_field"] == [name.decode().lower()]


def test_a_footer_without_policy_or_reason_and_a_page_without_language_are_found() -> None:
    raw = raw_of()
    missing = Own("https://kelisim.example/elsewhere", "Басқа тақырып", FRAME.operator.name)
    found = {(one.id, one.what) for one in review(raw, "kk", missing)}
    assert found == {(a, b) for a in ("policy_link", "why_line") for b in ("HTML", "text")}
