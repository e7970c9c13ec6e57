"""Notices: a material policy version is announced once, to those who are due it."""

from datetime import date

import pytest
from flask import Flask

from mailing.base.database import db
from mailing.base.errors import Missing
from mailing.base.settings import Settings
from mailing.campaigns import audience, notices
from mailing.campaigns.campaigns import Campaign
from mailing.people.ledger import Kind
from mailing.policies import summaries, versions
from mailing.policies.marks import Marks
from mailing.policies.versions import NewText, PolicyVersion
from tests import road
from tests.person import Person, at_once


@pytest.fixture
def policy(app: Flask) -> PolicyVersion:
    return road.lay()


def version(label: str, material: bool = True, *languages: str) -> PolicyVersion:
    """A further version, not yet published."""
    for language in languages or ("kk",):
        new = NewText(language, date(2026, 1, 1), label, material)
        kept = versions.import_text(f"{label} {language}".encode(), new)
    db.session.commit()
    return versions.find(kept.policy_id)


def test_only_a_material_version_drafts_a_notice_and_only_once(policy: PolicyVersion) -> None:
    minor, major = version("minor", material=False), version("major")
    assert notices.publish(minor, road.ACTOR) is None
    with pytest.raises(Missing, match="no notice"):
        notices.find_for(minor.id)
    first, again = notices.publish(major, road.ACTOR), notices.publish(major, road.ACTOR)
    assert first is not None
    assert again is not None
    assert first.id == again.id == notices.find_for(major.id).id
    assert (first.kind, first.state, first.topic.slug) == ("notice", "draft", "notices")


def test_two_who_publish_at_once_draft_one_notice(app: Flask, policy: PolicyVersion) -> None:
    number = version("major").id
    db.session.commit()

    def publish() -> int:
        drafted = notices.publish(versions.find(number), road.ACTOR)
        assert drafted is not None
        found = drafted.id
        db.session.commit()
        return found

    assert len(set(at_once(app, *[publish] * 4))) == 1
    assert db.session.query(Campaign).count() == 1


def test_it_is_written_in_the_languages_of_the_version(
    policy: PolicyVersion, settings: Settings
) -> None:
    notice = notices.publish(version("major", True, "kk", "ru", "en"), road.ACTOR)
    assert notice is not None
    assert {body.language for body in notice.bodies} == {"en", "kk", "ru"}
    for language in ("kk", "ru", "en"):
        content = notice.content_in(language)
        assert f"{settings.public_url}/policy/{notice.policy_id}" in content.body
        assert str(settings.operator_name) in content.subject


@pytest.mark.parametrize(
    ("label", "written"), [("**v2**", "\\*\\*v2\\*\\*"), ("{{ email }}", "\\{\\{ email \\}\\}")]
)
def test_a_label_is_words_and_nothing_else(policy: PolicyVersion, label: str, written: str) -> None:
    notice = notices.publish(version(label), road.ACTOR)
    assert notice is not None
    assert written in notice.content_in("kk").body


def test_it_goes_to_everybody_with_a_topic_who_has_not_refused_notices(
    policy: PolicyVersion,
) -> None:
    """Each person once, whatever the number of their topics; the rest are counted with a reason."""
    names = ("one", "both", "left one", "left all", "left notices", "asked", "withdrew", "blocked")
    people = {name: Person(policy, f"{name.replace(' ', '-')}@example.com") for name in names}
    for name, person in people.items():
        person.ask("news", "offers") if name != "one" else person.ask("news")
        if name != "asked":
            person.confirm()
    people["left one"].one_click("news")
    people["left all"].one_click("news")
    people["left all"].one_click("offers")
    people["left notices"].one_click("notices")
    people["withdrew"].leave(kind=Kind.WITHDRAWN)
    people["blocked"].leave(kind=Kind.BLOCKED)
    notice = notices.publish(version("major"), road.ACTOR)
    assert notice is not None
    counted = audience.count(notice)
    assert counted.held == {
        "blocked": 1,
        "no_topic_left": 1,
        "not_confirmed": 1,
        "unsubscribed": 1,
        "withdrawn": 1,
    }
    assert (counted.considered, counted.will_receive) == (8, 3)
    receiving = sorted(email for email, _ in audience.people(notice, "will_receive"))
    assert receiving == ["both@example.com", "left-one@example.com", "one@example.com"]


def test_it_holds_the_officers_words_the_comparison_and_the_readers_own_link(
    policy: PolicyVersion, settings: Settings
) -> None:
    major = version("major", True, "kk", "ru")
    summaries.summarise(major, {"kk": "Жаңа **мақсат**."})
    notice = notices.publish(major, road.ACTOR)
    assert notice is not None
    kazakh, russian = notice.content_in("kk").body, notice.content_in("ru").body
    assert "Жаңа **мақсат**." in kazakh
    assert "**мақсат**" not in russian
    for body in (kazakh, russian):
        assert f"/policy/{major.id}?compare={policy.id})" in body
        assert f"({settings.public_url}/agree/{{{{ link_token }}}})" in body
        assert "«Дербес деректерді өңдеуге келісімді қайтарып алу»" in body


def test_it_names_the_mailbox_and_the_mark_that_its_version_declares(
    policy: PolicyVersion,
) -> None:
    new = NewText(
        "ru",
        date(2026, 1, 1),
        "own",
        True,
        mailbox="privacy@glazik.example",
        marks=Marks(("Отзыв согласия",)),
    )
    kept = versions.import_text(b"own", new)
    notice = notices.publish(versions.find(kept.policy_id), road.ACTOR)
    assert notice is not None
    body = notice.content_in("ru").body
    assert "privacy\\@glazik\\.example" in body
    assert "«Отзыв согласия»" in body


def test_it_names_the_new_purposes_and_data_in_the_readers_language(policy: PolicyVersion) -> None:
    for language in ("kk", "ru", "en"):
        new = NewText(
            language,
            date(2026, 1, 1),
            "wider",
            True,
            purposes=(*policy.purposes, "surveys"),
            fields=(*policy.fields, "network_address"),
        )
        kept = versions.import_text(f"wider {language}".encode(), new)
    notice = notices.publish(versions.find(kept.policy_id), road.ACTOR)
    assert notice is not None
    said = {language: notice.content_in(language).body for language in ("kk", "ru", "en")}
    assert "- New purpose: surveys. It applies to you only after you agree." in said["en"]
    assert "- New data: network address. This applies to you only after you agree." in said["en"]
    assert "- Новая цель: surveys. Она касается вас только" in said["ru"]
    assert "- Новые данные: сетевой адрес. Это касается" in said["ru"]
    assert "- Жаңа мақсат: surveys." in said["kk"]
    for body in said.values():
        assert body.index("surveys") < body.index("/agree/"), "and then the link to agree"


def test_it_names_nothing_as_new_that_the_version_before_declares(policy: PolicyVersion) -> None:
    notice = notices.publish(version("same", True, "en"), road.ACTOR)
    assert notice is not None
    assert "New purpose" not in notice.content_in("en").body
    assert "New data" not in notice.content_in("en").body


def test_its_languages_stand_in_the_order_of_ours(policy: PolicyVersion) -> None:
    notice = notices.publish(version("major", True, "en", "ru", "kk"), road.ACTOR)
    assert notice is not None
    assert [body.language for body in notice.written] == ["kk", "ru", "en"]


def test_how_many_a_notice_would_tell_is_known_before_there_is_one(policy: PolicyVersion) -> None:
    Person(policy, "one@example.com").say_yes("news")
    left = Person(policy, "left@example.com")
    left.say_yes("news")
    left.one_click("notices")
    expected = audience.of_a_notice()
    notice = notices.publish(version("major"), road.ACTOR)
    assert notice is not None
    assert audience.count(notice) == expected
    assert (expected.considered, expected.will_receive) == (2, 1)


def test_a_text_that_joins_a_published_version_joins_its_notice_once(
    policy: PolicyVersion,
) -> None:
    """The order of the command line: one language publishes, the others join by the label."""
    major = version("major")
    notice = notices.publish(major, road.ACTOR)
    assert notice is not None
    assert [body.language for body in notice.bodies] == ["kk"]
    again = version("major", True, "ru", "en")
    notices.complete(again, road.ACTOR)
    db.session.commit()
    db.session.expire_all()
    assert {body.language for body in notices.find_for(major.id).bodies} == {"kk", "ru", "en"}
    notices.complete(again, road.ACTOR)
    assert len(notices.find_for(major.id).bodies) == 3
