"""Policy versions: the exact bytes, one id, never edited (policy heading, 7.2)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid, Missing
from mailing.policies import summaries, versions
from mailing.policies.marks import Marks
from mailing.policies.texts import LARGEST
from mailing.policies.versions import NewText, import_text

PUBLISHED = Path(__file__).parents[1] / "data" / "policy-kk.txt"
OCTOBER = date(2024, 10, 1)
KK = NewText("kk", OCTOBER)


def test_the_published_policy_is_kept_byte_for_byte_under_its_sha256(app: Flask) -> None:
    content = PUBLISHED.read_bytes()
    kept = import_text(content, KK)
    db.session.commit()
    assert (kept.content, kept.sha256) == (content, sha256(content).hexdigest())
    assert kept.sha256 == "5317e88fb895aab6c18af2c8935da2be5541e3c8f940b114919f4be56dbba2ab"


def test_a_version_declares_the_purposes_and_fields_of_the_policy_unless_told_otherwise(
    app: Flask,
) -> None:
    usual = versions.find(import_text(b"usual", KK).policy_id)
    other = versions.find(
        import_text(
            b"other", NewText("kk", OCTOBER, purposes=("events",), fields=("email", "phone"))
        ).policy_id
    )
    assert usual.purposes == ["products_services", "special_offers", "events"]
    assert usual.fields == ["email", "phone", "surname", "given_name", "patronymic"]
    assert (other.purposes, other.fields) == (["events"], ["email", "phone"])


def test_the_same_file_again_is_the_same_text_and_makes_no_version(app: Flask) -> None:
    first = import_text(b"text", KK)
    again = import_text(b"text", KK)
    assert first is again
    assert len(versions.all_versions()) == 1


def test_a_changed_byte_is_a_new_version_with_a_label_of_its_own(app: Flask) -> None:
    for content in (b"text", b"text.", b"text "):
        import_text(content, KK)
    labels = [version.label for version in versions.all_versions()]
    assert labels == ["2024-10-01", "2024-10-01-2", "2024-10-01-3"]


def test_further_languages_join_by_the_label_also_once_it_is_published(app: Flask) -> None:
    kept = import_text(b"kk", NewText("kk", OCTOBER, label="v1"))
    versions.publish(versions.find("v1"))
    joined = import_text(b"ru", NewText("ru", OCTOBER, label="v1"))
    assert joined.policy_id == kept.policy_id
    assert [one.language for one in versions.texts(versions.find("v1"))] == ["kk", "ru"]


def test_a_text_is_never_edited(app: Flask) -> None:
    kept = import_text(b"kk", NewText("kk", OCTOBER, label="v1"))
    with pytest.raises(Conflict, match="version of its own"):
        import_text(b"kk, mended", NewText("kk", OCTOBER, label="v1"))
    with pytest.raises(IntegrityError, match="append-only"):
        db.session.execute(
            text("UPDATE policy_texts SET content = 'x' WHERE policy_id = :id"),
            {"id": kept.policy_id},
        )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n\t", "empty"),
        (b"\xff\xfe\x14\x04", "UTF-8"),
        ("Саясат".encode("cp1251"), "UTF-8"),
        (b"text\0", "NUL"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(app: Flask, content: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        import_text(content, KK)


@pytest.mark.parametrize(
    "new",
    [
        NewText("de", OCTOBER),
        NewText("kk", OCTOBER, purposes=("Special Offers",)),
        NewText("kk", OCTOBER, purposes=()),
        NewText("kk", OCTOBER, purposes=("notices",)),
        NewText("kk", OCTOBER, fields=("email", "2nd")),
        NewText("kk", OCTOBER, fields=("phone",)),
        NewText("kk", OCTOBER, label=""),
        NewText("kk", OCTOBER, label="a/b"),
        NewText("kk", OCTOBER, label="a\nb"),
    ],
)
def test_names_that_cannot_be_are_refused(app: Flask, new: NewText) -> None:
    with pytest.raises(Invalid):
        import_text(b"text", new)


@pytest.mark.parametrize(
    "contradiction",
    [
        NewText("ru", date(2024, 10, 2), label="v1"),
        NewText("ru", OCTOBER, label="v1", purposes=("events",)),
        NewText("ru", OCTOBER, label="v1", fields=("email",)),
        NewText("ru", OCTOBER, label="v1", material=True),
    ],
)
def test_what_contradicts_a_published_version_does_not_join_it(
    app: Flask, contradiction: NewText
) -> None:
    import_text(b"kk", NewText("kk", OCTOBER, label="v1"))
    versions.publish(versions.find("v1"))
    with pytest.raises(Conflict):
        import_text(b"ru", contradiction)
    assert [one.language for one in versions.texts(versions.find("v1"))] == ["kk"]


def test_the_same_bytes_are_neither_another_version_nor_another_language(app: Flask) -> None:
    import_text(b"kk", NewText("kk", OCTOBER, label="v1"))
    for new in (
        NewText("kk", OCTOBER, label="v2"),
        NewText("ru", OCTOBER, label="v1"),
        NewText("kk", date(2025, 1, 1)),
    ):
        with pytest.raises(Conflict):
            import_text(b"kk", new)


def test_a_version_may_become_material_until_it_is_published(app: Flask) -> None:
    import_text(b"kk", KK)
    import_text(b"kk", NewText("kk", OCTOBER, material=True))
    assert versions.find("2024-10-01").material


def test_publishing_twice_keeps_the_first_time(app: Flask) -> None:
    policy = versions.find(import_text(b"kk", KK).policy_id)
    first = versions.publish(policy).published_at
    assert versions.publish(policy).published_at == first


def test_the_current_version_is_published_effective_and_the_latest(app: Flask) -> None:
    days = [OCTOBER, OCTOBER + timedelta(days=30), OCTOBER + timedelta(days=60)]
    made = [
        versions.find(import_text(str(day).encode(), NewText("kk", day)).policy_id) for day in days
    ]
    assert versions.in_force(days[2]) is None
    versions.publish(made[0])
    versions.publish(made[2])
    assert versions.in_force(days[0] - timedelta(days=1)) is None
    assert versions.in_force(days[1]) is made[0]
    assert versions.in_force(days[2]) is made[2]
    assert versions.published() == [made[2], made[0]]


def test_a_version_is_found_by_id_label_and_the_sha256_of_each_text(app: Flask) -> None:
    kk = import_text(b"kk", NewText("kk", OCTOBER, label="2024"))
    ru = import_text(b"ru", NewText("ru", OCTOBER, label="2024"))
    policy = versions.find(kk.policy_id)
    refs = (str(policy.id), "2024", kk.sha256, ru.sha256.upper())
    assert [versions.find(ref) for ref in refs] == [policy] * 4


@pytest.mark.parametrize("ref", ["", "0", "-1", "9" * 30, "a" * 64, "x' OR '1'='1"])
def test_a_reference_to_nothing_is_missing(app: Flask, ref: str) -> None:
    import_text(b"kk", KK)
    with pytest.raises(Missing):
        versions.find(ref)


def test_a_missing_language_falls_back_to_kazakh_then_russian_then_english(app: Flask) -> None:
    import_text(b"en", NewText("en", OCTOBER, label="v"))
    policy = versions.find("v")
    assert versions.text_in(policy, "kk").content == b"en"
    import_text(b"ru", NewText("ru", OCTOBER, label="v"))
    assert versions.text_in(policy, "kk").content == b"ru"
    assert versions.text_in(policy, "en").content == b"en"
    import_text(b"kk", NewText("kk", OCTOBER, label="v"))
    assert versions.text_in(policy, "kk").content == b"kk"


def test_a_version_takes_effect_at_midnight_where_the_operator_is(app: Flask) -> None:
    policy = versions.find(import_text(b"kk", KK).policy_id)
    assert policy.takes_effect(ZoneInfo("Asia/Almaty")) == datetime(2024, 9, 30, 19, tzinfo=UTC)


def test_a_version_declares_operator_mailbox_and_marks_the_settings_and_built_in_by_default(
    app: Flask,
) -> None:
    usual = versions.find(import_text(b"usual", KK).policy_id)
    assert usual.declared_operator == "Glazik Kazakhstan LLP"
    assert usual.declared_mailbox == "helpdesk@glazik.example"
    assert usual.declared_marks == Marks()
    told = NewText(
        "kk",
        OCTOBER,
        label="own",
        operator="Another LLP",
        mailbox="privacy@another.example",
        marks=Marks(("  Отзыв  согласия ", "Отзыв  согласия"), ("Исправление",)),
    )
    own = versions.find(import_text(b"own", told).policy_id)
    assert (own.declared_operator, own.declared_mailbox) == (
        "Another LLP",
        "privacy@another.example",
    )
    assert own.declared_marks == Marks(("Отзыв  согласия",), ("Исправление",))


@pytest.mark.parametrize(
    "told",
    [
        {"operator": "Another LLP"},
        {"mailbox": "other@example.com"},
        {"marks": Marks(("Другая пометка",))},
    ],
)
def test_a_further_language_cannot_declare_something_else(app: Flask, told: dict[str, Any]) -> None:
    import_text(b"kk", NewText("kk", OCTOBER, label="v"))
    with pytest.raises(Conflict):
        import_text(b"ru", NewText("ru", OCTOBER, label="v", **told))


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"effective_on": date(1, 1, 1)}, "effective"),
        ({"effective_on": date(9999, 12, 31)}, "effective"),
        ({"operator": "two\nlines"}, "operator"),
        ({"mailbox": "no mailbox"}, "mailbox"),
        ({"mailbox": "a@b@c"}, "mailbox"),
        ({"marks": Marks(("a\r\nBcc: x",))}, "withdrawal_marks"),
        ({"marks": Marks((), ("x" * 300,))}, "withdrawal_marks"),
        ({"marks": Marks(("abc",), tuple(f"mark {n}" for n in range(20)))}, "rectification_marks"),
        ({"format": "html"}, "format"),
        ({"purposes": tuple(f"p{n}" for n in range(60))}, "purposes"),
    ],
)
def test_what_no_version_can_declare_is_refused_and_names_its_field(
    app: Flask, told: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        import_text(b"kk", replace(KK, **told))
    assert refused.value.field == field


def test_a_text_is_not_endless(app: Flask) -> None:
    import_text(b"x" * LARGEST, KK)
    with pytest.raises(Invalid, match="512 KiB"):
        import_text(b"y" * (LARGEST + 1), KK)


def test_the_same_bytes_cannot_be_text_and_markdown(app: Flask) -> None:
    import_text(b"# a", NewText("kk", OCTOBER, format="markdown"))
    with pytest.raises(Conflict, match="kept as markdown"):
        import_text(b"# a", KK)


def test_a_summary_may_be_rewritten_until_the_version_is_published(app: Flask) -> None:
    policy = versions.find(import_text(b"kk", KK).policy_id)
    summaries.summarise(policy, {"kk": "Бір\r\n", "ru": "Один"})
    summaries.summarise(policy, {"ru": ""})
    assert policy.summaries == {"kk": "Бір"}
    versions.publish(policy)
    summaries.summarise(policy, {"kk": "Бір"})
    with pytest.raises(Conflict):
        summaries.summarise(policy, {"kk": "Екі"})


@pytest.mark.parametrize("words", ["{{ email }}", "{% if x %}", "{# x", "a\0b", "x" * 4001])
def test_a_summary_is_words_and_nothing_else(app: Flask, words: str) -> None:
    policy = versions.find(import_text(b"kk", KK).policy_id)
    with pytest.raises(Invalid):
        summaries.summarise(policy, {"kk": words})


def test_what_comes_next_and_what_came_before(app: Flask) -> None:
    kept = [
        versions.publish(
            versions.find(import_text(str(day).encode(), NewText("kk", day)).policy_id)
        )
        for day in (date(2025, 1, 1), date(2026, 1, 1), date(2027, 1, 1))
    ]
    draft = versions.find(import_text(b"draft", NewText("kk", date(2026, 6, 1))).policy_id)
    assert versions.before(kept[0]) is None
    assert versions.before(kept[2]) is kept[1]
    assert versions.before(draft) is kept[1]
    assert versions.next_after(date(2026, 6, 1)) is kept[2]
    assert versions.next_after(date(2027, 1, 1)) is None
