"""The last word of a person is the person's: no row outvotes it, however old or new the file is."""

from collections.abc import Callable

from flask import Flask

from mailing.base import clock
from mailing.base.database import db
from mailing.people import choices, corrections, ledger, subscribers, topics
from mailing.people.canonical import canonical
from mailing.people.corrections import NewCorrection
from mailing.people.imports import ImportReport
from mailing.people.ledger import Kind, NewEntry
from mailing.people.subscribers import Personal, Subscriber
from mailing.policies import versions
from mailing.policies.versions import NewText, import_text
from tests.people.test_imports import (  # noqa: F401 (fixtures)
    HEADER,
    PROOF,
    _standing,
    _world,
    imported,
)

Imported = Callable[..., ImportReport]


def say(kind: Kind, topic: str | None) -> None:
    topic_id = topics.find(topic).id if topic else None
    policy = versions.published()[0].id
    ledger.append(NewEntry(alma().id, kind, topic_id, policy, "form", "subscriber"))
    db.session.commit()


def alma() -> Subscriber:
    found = subscribers.find(canonical("alma@example.com"))
    assert found is not None
    return found


def test_a_yes_to_one_topic_takes_back_no_no_to_everything_on_another(
    imported: Imported,  # noqa: F811
) -> None:
    """T15, T17, T21: they stopped everything, came back to the events, and never to the news."""
    imported(HEADER, f"alma@example.com,{PROOF}", topic="events")
    say(Kind.UNSUBSCRIBED, None)
    for topic in ("events", topics.NOTICES):
        say(Kind.GIVEN, topic)
    report = imported(HEADER, f"alma@example.com,{PROOF}", topic="news")
    assert (report.left_kept_out, report.new, report.updated) == (1, 0, 0)
    assert _standing("alma@example.com") != "given"


def test_nobody_can_have_agreed_to_a_draft(app: Flask, imported: Imported) -> None:  # noqa: F811
    draft = import_text(b"never published", NewText("kk", clock.now().date().replace(month=1)))
    db.session.commit()
    row = f"2026-03-01T09:00:00+05:00,main,{draft.policy_id}"
    report = imported(HEADER, f"alma@example.com,{row}")
    assert (report.quarantined, report.new) == (1, 0)


def test_what_somebody_put_right_themselves_is_not_undone_by_an_older_row(
    imported: Imported,  # noqa: F811
) -> None:
    file = (f"{HEADER},surname,language", f"alma@example.com,{PROOF},Old,ru")
    imported(*file)
    person, policy = alma(), versions.published()[0].id
    subscribers.keep_personal(person, Personal("alma@example.com", surname="Right"))
    person.language = "kk"
    corrections.append(
        NewCorrection(
            person.id,
            policy,
            "page",
            before={"surname": "Old"},
            after={"surname": "Right"},
            evidence={},
        )
    )
    choices.note(person.id, choices.Kind.LANGUAGE, "kk", "preferences")
    db.session.commit()
    assert imported(*file).unchanged == 1
    personal = subscribers.personal_of(alma())
    assert personal is not None
    assert (personal.surname, alma().language) == ("Right", "kk")
