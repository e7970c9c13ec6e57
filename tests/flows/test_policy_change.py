"""A policy changes: a notice by the real worker, a link, a yes, and a campaign on what is new."""

import re
from datetime import date
from email import policy
from email.parser import BytesParser
from pathlib import Path

from flask import Flask

from mailing.base.database import db
from mailing.campaigns import audience, campaigns, notices
from mailing.deliveries import told
from mailing.leaving import links
from mailing.people import agreement, coverage, topics
from mailing.policies import summaries, versions
from mailing.policies.versions import FIELDS, PURPOSES, NewText
from tests import road
from tests.peers.smtp_peer import SmtpPeer

PEOPLE = 12


def second_version() -> versions.PolicyVersion:
    """A material version that adds a purpose, with the officer's words; not yet published."""
    new = NewText(
        "kk",
        date(2026, 1, 1),
        "second",
        True,
        purposes=(*PURPOSES, "partner_offers"),
        fields=FIELDS,
    )
    kept = versions.import_text("1. Жаңа саясат\n".encode(), new)
    found = versions.find(kept.policy_id)
    summaries.summarise(found, {"kk": "Серіктестердің **ұсыныстары** қосылды."})
    topics.add("partners", "partner_offers", "Серіктестер", "Партнёры", "Partners")
    db.session.commit()
    return found


def texts_to(peer: SmtpPeer, subject: str) -> dict[str, str]:
    """The plain part of each message of this subject, by recipient."""
    parsed = [
        (m.recipients[0], BytesParser(policy=policy.default).parsebytes(m.raw))
        for m in peer.accepted
    ]
    wanted = [(to, message) for to, message in parsed if subject in str(message["Subject"])]
    bodies = [(to, message.get_body(("plain",))) for to, message in wanted]
    return {to: body.get_content() for to, body in bodies if body is not None}


def test_what_a_version_adds_reaches_exactly_those_who_agreed_by_the_link_in_the_notice(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    first = road.lay()
    ids = road.subscribe(first, PEOPLE)
    second = second_version()
    # A yes to the topic of the new purpose under the first version, which does not name it.
    road.say_yes(first, ids, "partners")
    early = road.campaign("partners", "Ерте")
    assert audience.count(campaigns.find(early)).held == {"no_policy_consent": PEOPLE}
    assert coverage.of(second).not_covered == PEOPLE
    notice = notices.publish(second, road.ACTOR)
    assert notice is not None
    db.session.commit()
    number = notice.id
    with road.working(environment, tmp_path / "worker.log"):
        assert road.start(number) == PEOPLE
        assert road.wait_until_done(number)["accepted"] == PEOPLE
        notices_told = texts_to(peer, "саясаты")
        assert len(notices_told) == PEOPLE
        for place, (_, words) in enumerate(sorted(notices_told.items())):
            assert "ұсыныстары" in words
            token = re.findall(r"/agree/([\w-]+)", words)
            assert len(set(token)) == 1, words
            assert f"/u/{token[0]}" in words, "one token for all of a mail's links"
            if place % 3 == 0:
                view = agreement.look(token[0])
                assert view is not None
                agreement.agree(token[0], view.seen, None, {})
                db.session.commit()
            if place == 1:
                assert links.by_token(token[0], 0) is not None
        agreed = {to for place, to in enumerate(sorted(notices_told)) if place % 3 == 0}
        late = road.campaign("partners", "Серіктес", "Ұсыныс")
        assert road.start(late) == len(agreed)
        road.wait_until_done(late)
    assert set(texts_to(peer, "Серіктес")) == agreed
    counted = audience.count(campaigns.find(late))
    assert counted.held == {"no_policy_consent": PEOPLE - len(agreed)}
    report = told.report(campaigns.find(number))
    assert (report.told, report.waiting, report.not_told) == (PEOPLE, 0, {})
    assert (report.agreed, report.left_since) == (len(agreed), {"unsubscribed": 1})
    covered = coverage.of(versions.find("second"))
    assert (covered.people, covered.agreed) == (PEOPLE, len(agreed))
    assert covered.not_covered == PEOPLE - len(agreed)


def test_a_field_that_a_persons_version_did_not_declare_is_not_used_for_them(
    app: Flask, environment: dict[str, str], peer: SmtpPeer, tmp_path: Path
) -> None:
    """The name is on file; one yes covers it and the other does not."""
    narrow = versions.import_text(b"1. a\n", NewText("kk", date(2024, 1, 1), fields=("email",)))
    versions.publish(versions.find(narrow.policy_id))
    wide = road.lay()
    known, unknown = road.subscribe(wide, 1), road.subscribe(wide, 1, "offers", first=1)
    road.say_yes(versions.find(narrow.policy_id), unknown)
    number = road.campaign()
    with road.working(environment, tmp_path / "worker.log"):
        assert road.start(number) == 2
        road.wait_until_done(number)
    words = texts_to(peer, "Қараша")
    assert known != unknown
    assert "Сәлем, Аты0!" in words[road.address(0)]
    assert "Сәлем, оқырман!" in words[road.address(1)]
