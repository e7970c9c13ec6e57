"""The merge language: fields with fallbacks, conditions, and nothing to break out with."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailing.deliveries.message import BodyError, Recipient, UnsafeValue, compile
from tests.deliveries.message.samples import (
    FRAME,
    PERSON,
    STAMP,
    compiled,
    content,
    html_of,
    text_of,
)

NOBODY = Recipient("nobody@glasses.test", {})


def test_a_field_that_is_absent_or_empty_gives_its_fallback() -> None:
    greeting = "Сәлем, {{ surname|default('дос') }}"
    assert text_of(greeting, NOBODY) == "Сәлем, дос"
    assert text_of(greeting, Recipient("a@b.example", {"surname": ""})) == "Сәлем, дос"
    assert text_of(greeting, Recipient("a@b.example", {"surname": "Серік"})) == "Сәлем, Серік"


def test_a_field_without_a_fallback_is_refused_by_name_and_line() -> None:
    with pytest.raises(
        BodyError, match=r"Line 3: given_name needs a fallback: \{\{ given_name\|default"
    ):
        compiled("a\n\n{{ given_name }}")


def test_a_field_needs_no_fallback_where_a_condition_makes_it_certain() -> None:
    body = "{% if given_name and phone %}{{ given_name }} {{ phone }}{% else %}-{% endif %}"
    assert text_of(body) == "Әсем +77010000000"
    assert text_of(body, NOBODY) == "-"


@pytest.mark.parametrize(
    "body",
    [
        "{% if given_name %}x{% endif %}{{ given_name }}",
        "{% if given_name %}x{% else %}{{ given_name }}{% endif %}",
        "{% if given_name %}x{% elif phone %}{{ given_name }}{% endif %}",
        "{% if given_name or phone %}{{ given_name }}{% endif %}",
        "{% if not given_name %}{{ given_name }}{% endif %}",
    ],
)
def test_a_condition_makes_a_field_certain_only_inside_itself(body: str) -> None:
    with pytest.raises(BodyError, match="needs a fallback"):
        compiled(body)


def test_the_address_is_always_set() -> None:
    assert text_of("{{ email }}") == PERSON.address


def test_an_unknown_field_is_refused_by_name_and_line() -> None:
    with pytest.raises(BodyError, match="Line 2: there is no field “company”"):
        compiled("a\n{{ company|default('x') }}")


def test_a_field_that_the_policy_does_not_declare_is_refused() -> None:
    frame = replace(FRAME, fields=("email", "given_name"))
    with pytest.raises(BodyError, match="does not declare the field “phone”"):
        compile(content("{{ phone|default('-') }}"), frame)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("{{ given_name|default('x')|upper }}", "ӘСЕМ"),
        ("{{ given_name|default('x')|lower }}", "әсем"),
        ("{% if given_name == 'Әсем' %}a{% else %}b{% endif %}", "a"),
        ("{% if given_name != 'Әсем' %}a{% else %}b{% endif %}", "b"),
        ("{% if not surname %}a{% endif %}", "a"),
        ("{% if surname or phone %}a{% endif %}", "a"),
        ("{% if surname %}a{% elif given_name|lower == 'әсем' %}b{% else %}c{% endif %}", "b"),
        ("{% if phone %}{% if surname %}a{% else %}b{% endif %}{% endif %}", "b"),
        ("a{# a note to myself #}b", "ab"),
    ],
)
def test_the_language_does_what_it_says(body: str, shown: str) -> None:
    assert text_of(body) == shown


@pytest.mark.parametrize(
    "body",
    [
        "{{ 'a' * 10**9 }}",
        "{{ given_name * 1000000000 }}",
        "{{ given_name|default('a' * 10**9) }}",
        "{{ 10**10**10 }}",
        "{% for a in range(10) %}{% for b in range(10) %}x{% endfor %}{% endfor %}",
        "{{ given_name.__class__.__mro__ }}",
        "{{ given_name['__class__'] }}",
        "{{ ''.__class__ }}",
        "{{ given_name.upper() }}",
        "{{ self }}",
        "{{ self.__init__.__globals__ }}",
        "{{ leave_url }}",
        "{{ cycler.__init__.__globals__.os.popen('id') }}",
        "{{ given_name|attr('__class__') }}",
        "{{ given_name|default('x')|safe }}",
        "{{ given_name|default(phone) }}",
        "{{ given_name|default(range(9)) }}",
        "{{ given_name|default }}",
        "{{ given_name|default('x', true) }}",
        "{{ given_name|upper|default('x') }}",
        "{{ [given_name] }}",
        "{{ {'a': 1} }}",
        "{{ (1, 2) }}",
        "{{ given_name ~ phone }}",
        "{{ given_name if phone else surname }}",
        "{{ given_name is defined }}",
        "{{ 'text' }}",
        "{{ 1 }}",
        "{{ }}",
        "{{ given_name|default('x') }",
        "{{ a }} {{",
        "{{- given_name|default('x') -}}",
        "{% if given_name %}",
        "{% endif %}",
        "{% else %}",
        "{% if %}{% endif %}",
        "{% if given_name %}{% else %}{% else %}{% endif %}",
        "{% if given_name %}{% else %}{% elif phone %}{% endif %}",
        "{% if given_name %}{% endif x %}",
        "{% if 1 %}{% endif %}",
        "{% if given_name < 'x' %}{% endif %}",
        "{% if given_name == 1 %}{% endif %}",
        "{% if given_name in 'x' %}{% endif %}",
        "{% set x = 1 %}",
        "{% include 'frame.html' %}",
        "{% import 'frame.html' as f %}",
        "{% extends 'frame.html' %}",
        "{% macro x() %}{% endmacro %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{% block narrow %}{% endblock %}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{{ " + "(" * 400 + "given_name" + ")" * 400 + " }}",
        "{{ " + "not " * 120 + "given_name }}",
        "{{ given_name|default('" + "x" * 600 + "') }}",
        "{% if phone %}" * 9 + "{% endif %}" * 9,
        "{{ given_name|default('x') }}" * 2001,
        "{%" * 100_000,
        "{{" * 100_000,
        "x" * (256 * 1024 + 1),
    ],
    ids=lambda body: body[:40],
)
@pytest.mark.parametrize("format", ["markdown", "html"])
def test_whatever_else_jinja_can_do_is_refused_with_a_sentence(body: str, format: str) -> None:
    started = time.process_time()
    with pytest.raises(BodyError) as refusal:
        compiled(body, format=format)
    assert refusal.value.message.endswith(".")
    assert time.process_time() - started < 2


@given(
    st.text(
        alphabet=st.sampled_from("{}%#|'\"() \n.[]*~-+if else endif given_name default0"),
        max_size=80,
    )
)
def test_any_text_is_either_a_message_or_a_refusal(body: str) -> None:
    for format in ("markdown", "html"):
        try:
            message = compiled(body, format=format)
        except BodyError:
            continue
        assert message.render(PERSON, STAMP).wire


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40))
def test_a_value_is_data_whatever_it_looks_like(value: str) -> None:
    person = Recipient("a@b.example", {"given_name": value})
    shown = compiled("[{{ given_name|default('') }}]", subject="x").preview(person, STAMP)
    assert shown.text.startswith(f"[{value}]")


def test_a_value_that_looks_like_a_tag_or_an_element_is_shown_as_text() -> None:
    person = Recipient("a@b.example", {"given_name": "<script>{{ email }}</script>"})
    greeting = "{{ given_name|default('x') }}"
    assert text_of(greeting, person) == "<script>{{ email }}</script>"
    assert "&lt;script&gt;{{ email }}&lt;/script&gt;" in html_of(greeting, person)


@pytest.mark.parametrize("stray", ["\r", "\n", "\x00", "\u2028", "\u2029", "\x1b", "\t", "\ud83d"])
def test_a_value_with_a_control_character_is_refused_not_mended(stray: str) -> None:
    person = Recipient("a@b.example", {"given_name": f"Ә{stray}сем"})
    with pytest.raises(UnsafeValue, match="given_name holds U"):
        compiled("no field at all").render(person, STAMP)


def test_a_value_of_enormous_length_is_refused() -> None:
    with pytest.raises(UnsafeValue, match="longer than"):
        compiled().render(Recipient("a@b.example", {"given_name": "x" * 1001}), STAMP)


def test_output_that_grows_beyond_the_cap_is_refused() -> None:
    person = Recipient("a@b.example", {"given_name": "x" * 1000})
    with pytest.raises(BodyError, match="too large"):
        compiled("{{ given_name|default('-') }} " * 1200).render(person, STAMP)


def test_a_value_in_an_address_is_percent_encoded_in_both_parts() -> None:
    body = "[link](https://a.example/x?n={{ given_name|default('a') }}&z=1)"
    person = Recipient("a@b.example", {"given_name": 'Ә&" x=/?#<'})
    encoded = "https://a.example/x?n=%D3%98%26%22%20x%3D%2F%3F%23%3C"
    assert text_of(body, person) == f"link ({encoded}&z=1)"
    assert f'href="{encoded}&amp;z=1"' in html_of(body, person)


@pytest.mark.parametrize(
    "body",
    [
        "[x]({{ given_name|default('javascript:x') }})",
        "[x](https://{{ given_name|default('a.example') }}/)",
        "[x](https://a.example{{ given_name|default('.evil.example') }}/)",
        "![x]({{ given_name|default('a') }})",
        "[x](https://a.example/{% if phone %}a{% endif %})",
    ],
)
def test_a_value_cannot_choose_where_a_link_leads(body: str) -> None:
    with pytest.raises(BodyError, match="Line 1"):
        compiled(body)


@pytest.mark.parametrize(
    "body",
    [
        "<p style=\"color:{{ given_name|default('red') }}\">x</p>",
        "<p>x</p>{% if phone %}<b>{% endif %}</b>",
        "<b>{% if phone %}x</b>{% endif %}",
        '<a title="{% if phone %}x{% endif %}" href="https://a.example">x</a>',
        '<a href="https://a.example" title={% if phone %}>x</a>{% endif %}',
        "<!-- {% if phone %} --><p>{% endif %}</p>",
    ],
)
def test_a_tag_that_cannot_stand_where_it_stands_is_refused(body: str) -> None:
    with pytest.raises(BodyError, match="Line 1"):
        compiled(body, format="html")


def test_a_condition_around_table_rows_keeps_its_place() -> None:
    body = "<table><tbody>{% if phone %}<tr><td>{{ phone }}</td></tr>{% endif %}</tbody></table>"
    assert "<tbody><tr><td>+77010000000</td></tr></tbody>" in html_of(body, format="html")
    assert "<tbody></tbody>" in html_of(body, NOBODY, format="html")


def test_quotes_in_a_tag_may_be_entities_as_visual_editors_write_them() -> None:
    assert text_of("<p>{{ surname|default(&quot;дос&quot;) }}</p>", format="html") == "дос"


def test_braces_written_as_entities_stay_text() -> None:
    assert text_of("<p>&#123;&#123; email }}</p>", format="html") == "{{ email }}"


def test_a_condition_on_lines_of_its_own_leaves_no_empty_paragraph() -> None:
    body = "a\n\n{% if surname %}\n\nb\n\n{% endif %}\n\nc"
    assert text_of(body) == "a\n\nc"
    assert ">\n</p>" not in html_of(body)
    assert "<p></p>" not in html_of(body)


def test_the_subject_and_the_preheader_speak_the_same_language() -> None:
    message = compiled(
        "x", subject="{{ given_name|default('-') }}!", preheader="{{ phone|default('-') }} <b>"
    )
    shown = message.preview(PERSON, STAMP)
    assert shown.subject == "Әсем!"
    assert "<title>Әсем!</title>" in shown.html
    assert ">+77010000000 &lt;b&gt;&#847;" in shown.html


def test_a_subject_in_two_lines_is_refused() -> None:
    with pytest.raises(UnsafeValue):
        compiled("x", subject="a\r\nBcc: b@c.example")


def test_the_readers_own_link_carries_the_token_of_the_link_to_leave() -> None:
    """T38: it needs no declared field and no fallback, and stands in both parts of the mail."""
    frame = replace(FRAME, fields=("email",))
    stamp = STAMP._replace(leave_url="https://glasses.example/u/AbC-d_9")
    seen = compile(
        content("[Көру](https://glasses.example/agree/{{ link_token }})", subject="x"), frame
    ).preview(NOBODY, stamp)
    for face in (seen.html, seen.text):
        assert "https://glasses.example/agree/AbC-d_9" in face
        assert "https://glasses.example/u/AbC-d_9" in face


@pytest.mark.parametrize("body", ["{{ link_token() }}", "{{ link_token.x }}", "{{ link_tokens }}"])
def test_the_readers_own_link_is_a_value_like_any_other(body: str) -> None:
    with pytest.raises(BodyError):
        compiled(body)
