"""Spliced or rendered as a whole: whatever is written and whoever reads it, the same message."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailing.deliveries.message import Content, Octets, Preview, Recipient, compile, part
from mailing.deliveries.message.frame import FIELDS
from tests.deliveries.message.plainly import plainly
from tests.deliveries.message.samples import (
    FRAME,
    IN_ENGLISH,
    LEAVE_URL,
    PREFERENCES_URL,
    STAMP,
    compiled,
    content,
    parts_of,
)

FIELD = st.sampled_from(FIELDS)
WORDS = st.sampled_from(["сөз ", "a ", "қ", ".", "From ", "Ә" * 40, "x" * 60, "<b>", "&"])
BREAKS = st.sampled_from(["\n\n", "\n", "\n\n- бір\n- екі\n\n"])
VALUE = st.builds(
    "{{{{ {}|default({!r}){} }}}}".format,
    FIELD,
    st.sampled_from(["", "дос", "a" * 57]),
    st.sampled_from(["", "|upper", "|lower"]),
)
LINK = FIELD.map(lambda name: f"[x](https://a.example/?v={{{{ {name}|default('y') }}}})")
TEST = st.one_of(
    FIELD,
    FIELD.map("not {}".format),
    st.builds("{} and {}".format, FIELD, FIELD),
    st.builds("{} or not {}".format, FIELD, FIELD),
    st.builds("{}|lower == {!r}".format, FIELD, st.sampled_from(["", "әсем"])),
    st.builds("{} != {}".format, FIELD, FIELD),
)


def conditional(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        "{{% if {} %}}{}{{% elif {} %}}{}{{% else %}}{}{{% endif %}}".format,
        TEST, inner, TEST, inner, inner,
    )  # fmt: skip


INLINE = st.recursive(WORDS | VALUE | LINK, conditional, max_leaves=6)
ALONE = INLINE.map(lambda shown: f"\n\n{{% if surname %}}\n\n{shown}\n\n{{% endif %}}\n\n")
BODY = st.lists(INLINE | BREAKS | ALONE, min_size=1, max_size=8).map("".join)
SUBJECT = st.lists(st.sampled_from(["Жаңалық ", "News ", "!"]) | VALUE, min_size=1, max_size=3)
PERSON = st.builds(
    Recipient,
    st.sampled_from(["a@b.example", "asem.serikova@glasses.test"]),
    st.dictionaries(
        FIELD,
        st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=70)
        | st.sampled_from(["Әсем", "", "a" * 57, "<&>", "Ә" * 19, "."]),
    ),
)


def read(octets: Octets) -> Preview:
    """What a mail program makes of the octets, CRLF taken for LF again."""
    message = message_from_bytes(octets.message, policy=policy.compat32)
    subject = str(make_header(decode_header(message["Subject"])))
    parts = {name: text.replace("\r\n", "\n") for name, text in parts_of(octets.message).items()}
    return Preview(subject, parts["html"], parts["plain"])


@given(BODY, st.sampled_from(["kk", "en"]), SUBJECT.map("".join), st.lists(PERSON, max_size=6))
@settings(max_examples=60, deadline=None)
def test_whoever_reads_it_gets_what_the_plain_way_gives(
    body: str, language: str, subject: str, people: list[Recipient]
) -> None:
    written = Content(language, subject, body)
    message = compile(written, FRAME)
    for person in [*people, *people]:
        sent = message.render(person, STAMP)
        wanted = plainly(written, FRAME, person, STAMP)
        found = read(sent)
        assert (found.html, found.text) == (wanted.html, wanted.text)
        assert found.subject == wanted.subject
        assert message.preview(person, STAMP) == wanted
        assert sent[1:] == Octets.of(sent.message)[1:]
        assert sent.wire == Octets.of(sent.message).wire


@pytest.mark.parametrize("room", [part.ROOM, 0])
def test_a_name_of_any_length_falls_on_any_column(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every place of a value within a line, at line starts, ends and across several lines."""
    monkeypatch.setattr(part, "ROOM", room)
    body = "қ{{ given_name|default('') }}" * 3 + "\n\n{{ surname|default('') }}"
    message = compiled(body, subject="x")
    for length in range(180):
        person = Recipient("a@b.example", {"given_name": "x" * length, "surname": "y" * 57})
        assert f"қ{'x' * length}" * 3 in read(message.render(person, STAMP)).text


def test_a_layout_and_a_whole_encoding_give_the_same_octets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    people = [Recipient("a@b.example", {"given_name": "ә" * length}) for length in range(80)]
    spliced = compiled()
    monkeypatch.setattr(part, "ROOM", 0)
    whole = compiled()
    for person in people:
        assert spliced.render(person, STAMP).wire == whole.render(person, STAMP).wire


def test_a_field_of_many_lengths_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "ROOM", 40_000)
    page = compiled("{{ given_name|default('-') }} сөз")._html
    kept = []
    for length in range(200):
        links = {"leave_url": LEAVE_URL, "preferences_url": PREFERENCES_URL, "signed_up": ""}
        page.encoded({"given_name": "x" * length, **links})
        kept.append(page._room.left)
    spent = [before - after for before, after in pairwise(kept)]
    assert spent[0] > 0
    assert not any(spent[-100:])


def test_more_ways_through_the_conditions_than_are_kept_are_still_right() -> None:
    body = "".join(
        f"{{% if {field} == 'ә{value}' %}}[{field} {value}]{{% endif %}}"
        for field in ("given_name", "surname")
        for value in range(20)
    )
    message = compiled(body + " сөз")
    for first in range(20):
        for second in range(0, 20, 3):
            fields = {"given_name": f"ә{first}", "surname": f"ә{second}"}
            text = read(message.render(Recipient("a@b.example", fields), STAMP)).text
            assert text.startswith(f"[given_name {first}][surname {second}] сөз")


def test_a_text_that_needs_no_encoding_for_one_person_is_encoded_for_another() -> None:
    message = compile(content("x {{ given_name|default('-') }}", language="en"), IN_ENGLISH)
    for name, encoded in (("Anna", 1), ("Әсем", 2), ("." * 950, 2)):
        sent = message.render(Recipient("a@b.example", {"given_name": name}), STAMP)
        assert f"x {name}" in read(sent).text
        assert sent.message.count(b"Content-Transfer-Encoding: base64") == encoded


def test_a_dot_that_a_value_brings_to_the_start_of_a_line_is_doubled() -> None:
    message = compile(content("{{ given_name|default('-') }}", language="en"), IN_ENGLISH)
    sent = message.render(Recipient("a@b.example", {"given_name": ".."}), STAMP)
    assert b"\r\n...\r\n" in sent.wire
    assert sent.size == len(sent.wire) - 1
    assert read(sent).text.startswith("..\n")
