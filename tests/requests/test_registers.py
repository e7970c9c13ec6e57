"""The registers: an incident's clock and lines, a year that adds up, a digest once a day."""

import email
import email.policy
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from mailing.base import clock
from mailing.base.database import db
from mailing.base.errors import Conflict, Invalid
from mailing.base.settings import Settings
from mailing.base.tokens import AccountToken, link_keys
from mailing.campaigns import counting
from mailing.deliveries import account_mails
from mailing.deliveries.account_mails import AccountMail
from mailing.deliveries.letters import Letters
from mailing.policies.versions import PolicyVersion
from mailing.requests import acting, digest, incidents, queue, rights, rulings, terms
from mailing.requests.acting import Closing
from mailing.requests.incidents import Line, Nature, NewIncident
from mailing.requests.kinds import Channel, Kind, Resolution, Ruling
from mailing.requests.registers import breaches, processing, year
from mailing.requests.requests import NewRequest, open_request
from mailing.requests.rulings import Ruled
from mailing.staff import staff
from mailing.staff.staff import Role, Staff
from tests.requests.conftest import Asker
from tests.requests.officer import OFFICER, WEDNESDAY, always, decide, on_paper

FRIDAY = datetime(2026, 11, 27, 17, tzinfo=UTC)  # Ten in the evening in Almaty.
MORNING = datetime(2026, 11, 25, 4, tzinfo=UTC)  # Nine o'clock there.
PASSWORD = "four unrelated words here"


def a_breach(**given: object) -> incidents.Incident:
    new = {"title": "A laptop was stolen", "nature": Nature.LOST, "words": "It was encrypted."}
    made = incidents.record(NewIncident(**{**new, **given}), OFFICER)  # type: ignore[arg-type]
    db.session.commit()
    return made


def test_the_clock_of_an_incident_ends_with_the_next_working_day(app: Flask) -> None:
    """Noticed on a Friday evening: due on Monday at 18:00; before a holiday, after it."""
    assert incidents.due_of(FRIDAY) == datetime(2026, 11, 30, 13, tzinfo=UTC)
    holiday = datetime(2026, 12, 15, 6, tzinfo=UTC)  # Independence day follows.
    assert incidents.due_of(holiday) == datetime(2026, 12, 17, 13, tzinfo=UTC)


def test_an_incident_is_owed_until_the_authority_knows(app: Flask) -> None:
    with clock.use(lambda: FRIDAY):
        breach = a_breach(people=12)
    with clock.use(lambda: breach.due_at + timedelta(minutes=1)):
        assert (queue.owed().incidents, queue.owed().incidents_overdue) == (1, 1)
        incidents.add(breach.id, Line.REPORTED, "By letter to the ministry.", OFFICER)
        assert queue.owed().incidents == 0
        with pytest.raises(Conflict):
            incidents.add(breach.id, Line.REPORTED, "Again.", OFFICER)
        incidents.add(breach.id, Line.CLOSED, "The keys were changed.", OFFICER)
        incidents.add(breach.id, Line.REOPENED, "It was found.", OFFICER)
    assert breach.state == "reported"
    assert breaches.of_year(2026) == {
        "noticed": 1,
        "reported_in_time": 0,
        "reported_late": 1,
        "exempt": 0,
        "not_reported": 0,
    }
    told = breaches.register()[0]
    assert [one["what"] for one in told["lines"]] == ["opened", "reported", "closed", "reopened"]


def test_numbers_of_incidents_have_no_gap_and_none_is_of_the_future(app: Flask) -> None:
    year_now = clock.today("Asia/Almaty").year
    assert [a_breach().number for _ in range(2)] == [f"I-{year_now}-01", f"I-{year_now}-02"]
    with pytest.raises(Invalid) as refused:
        a_breach(detected_at=clock.now() + timedelta(minutes=5))
    assert refused.value.field == "detected"


@pytest.mark.parametrize("statement", ["UPDATE incident_lines SET words = 'x'",
    "DELETE FROM incident_lines", "TRUNCATE incident_lines"])  # fmt: skip
def test_the_lines_of_an_incident_only_grow(app: Flask, statement: str) -> None:
    a_breach()
    with pytest.raises(DBAPIError) as refused:
        db.session.execute(text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.RestrictViolation)
    db.session.rollback()


# What a day at the desk brings, in any order: the sums hold whatever it was.
_ASKED = st.tuples(
    st.sets(st.sampled_from([Kind.ACCESS, Kind.DESTRUCTION, Kind.QUESTION]), min_size=1),
    st.sampled_from(list(Channel)),
    st.sampled_from([None, *Resolution]),
    st.booleans(),
)


@tries(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.lists(_ASKED, max_size=6))
def test_every_table_of_the_year_adds_up_to_the_same(
    app: Flask, asked: list[tuple[set[Kind], Channel, Resolution | None, bool]]
) -> None:
    with db.session.begin_nested() as attempt:
        for kinds, channel, resolution, is_refused in asked:
            first, *more = sorted(kinds)
            made = open_request(NewRequest(first, channel, more=tuple(more), received_at=WEDNESDAY))
            if is_refused:
                for kind in kinds:
                    _refuse(made.id, kind)
            if resolution not in (None, Resolution.DONE):
                acting.close(made.id, Closing(resolution, "Because"), OFFICER)
        told = year.report(2026, breaches.of_year(2026))
        attempt.rollback()
    junk = sum(len(one[0]) for one in asked if one[2] is Resolution.JUNK and not one[3])
    assert told.total == sum(len(one[0]) for one in asked) - junk
    assert sum(told.channels.values()) == sum(told.outcomes.values()) == told.total
    assert sum(one.asked for one in told.rights) == told.total
    for one in told.rights:
        assert sum(one.outcomes.values()) == one.asked
    rows = year.as_rows(told)
    assert [sum(int(str(row[at])) for row in rows[:-1]) for at in range(1, 11)] == list(
        rows[-1][1:11]
    )


def _refuse(request_id: int, kind: Kind) -> None:
    ground = "law_keeps" if kind is Kind.DESTRUCTION else "not_held"
    rulings.rule(rights.named(request_id, kind).id, Ruled(Ruling.REFUSE, ground), OFFICER)


def test_a_year_begins_and_ends_where_the_operator_is(app: Flask) -> None:
    new_year = datetime(2025, 12, 31, 19, 30, tzinfo=UTC)  # Half past midnight in Almaty.
    open_request(NewRequest(Kind.QUESTION, received_at=new_year))
    open_request(NewRequest(Kind.QUESTION, received_at=new_year - timedelta(hours=1)))
    assert [year.report(one, {}).total for one in (2025, 2026)] == [1, 1]
    assert year.years()[-1] == 2025
    with pytest.raises(Invalid):
        year.report(10_000, {})


def test_the_year_says_how_it_ended_and_what_was_late(app: Flask) -> None:
    with clock.use(lambda: WEDNESDAY):
        granted, refused = on_paper(Kind.QUESTION), on_paper(Kind.DESTRUCTION)
    with clock.use(lambda: WEDNESDAY + timedelta(days=2)):
        decide(granted, Kind.QUESTION)
        decide(refused, Kind.DESTRUCTION, Ruling.REFUSE, "law_keeps")
    told = {one.right: one for one in year.report(2026, {}).rights}
    assert (
        told[Kind.QUESTION].outcomes["granted"] == told[Kind.DESTRUCTION].outcomes["refused"] == 1
    )
    assert (told[Kind.QUESTION].late, told[Kind.DESTRUCTION].late) == (0, 1)
    assert told[Kind.QUESTION].median_days == 2.0


def test_the_register_of_processing_is_what_is_in_force(policy: PolicyVersion) -> None:
    told = processing.register()
    assert told.policy
    assert told.policy.label == policy.label
    assert {one.name: one.topics for one in told.purposes}["special_offers"] == ["offers"]
    assert told.fields == policy.fields
    assert [(one.form, one.origins) for one in told.sources] == [
        ("site", ["http://glazik.example"])
    ]
    assert [(one.role, one.host) for one in told.recipients] == [("relay", "127.0.0.1")]
    assert {one.name: one.days for one in told.terms}["access"] == 3
    assert not told.clicks_counted
    counting.switch(True, OFFICER)
    assert processing.register().clicks_counted


def test_a_relays_login_stands_in_no_register(
    policy: PolicyVersion, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    own: Settings = app.extensions["kelisim"]
    changed = own.model_copy(update={"smtp_url": ("smtps://user:s3cret@relay.example:465",)})
    monkeypatch.setitem(app.extensions, "kelisim", changed)
    assert "s3cret" not in str(processing.register())
    assert processing.register().recipients[0].host == "relay.example"


def test_the_terms_say_where_they_come_from(app: Flask) -> None:
    told = {one.name: one for one in terms.everything()}
    assert told["destruction"].source == "KELISIM_CORRECT_DAYS"
    assert told["outer_limit"].is_working is False
    this = terms.Year(2026, "2026.toml", [datetime(2026, 3, d).date() for d in (23, 24, 26)], [])  # noqa: DTZ001
    assert [(a.day, b.day) for a, b in terms.holidays(this)] == [(23, 24), (26, 26)]


def test_a_breach_is_not_closed_before_the_authority_knows_or_need_not(app: Flask) -> None:
    """To close one took it off the list of what is overdue, and nobody was told."""
    with clock.use(lambda: FRIDAY):
        breach = a_breach()
    with clock.use(lambda: breach.due_at + timedelta(minutes=1)):
        with pytest.raises(Conflict):
            incidents.add(breach.id, Line.CLOSED, "Done.", OFFICER)
        assert (breach.state, queue.owed().incidents_overdue) == ("open", 1)
        incidents.add(breach.id, Line.EXEMPT, "The disk was encrypted, and no data left.", OFFICER)
        assert queue.owed().incidents == 0
        with pytest.raises(Conflict):
            incidents.add(breach.id, Line.EXEMPT, "Again.", OFFICER)
        incidents.add(breach.id, Line.CLOSED, "Done.", OFFICER)
    told = breaches.of_year(2026)
    assert (told["exempt"], told["not_reported"]) == (1, 0)
    assert told["noticed"] == sum(told.values()) - told["noticed"]
    db.session.execute(text("UPDATE incidents SET exempt_at = NULL"))
    db.session.commit()
    assert queue.owed().incidents == 1, "one that was closed before that was so is owed still"


@pytest.fixture
def officer(policy: PolicyVersion) -> Staff:
    person = staff.add("officer@example.com", Role.OFFICER, PASSWORD)
    staff.add("quiet@example.com", Role.OFFICER, PASSWORD)
    digest.choose(person, "en", OFFICER)
    db.session.commit()
    return person


def digests() -> list[AccountMail]:
    return list(db.session.scalars(select(AccountMail).where(AccountMail.why == "digest")))


def test_the_digest_goes_once_each_working_morning_to_whoever_wants_it(officer: Staff) -> None:
    with clock.use(lambda: MORNING):
        assert [digest.send_due(), digest.send_due()] == [1, 0]
    for moment in (MORNING - timedelta(hours=2), MORNING + timedelta(days=3)):  # Early; a Saturday.
        with clock.use(always(moment)):
            assert digest.send_due() == 0
    with clock.use(lambda: MORNING + timedelta(days=1)):
        assert digest.send_due() == 1
    assert {one.staff_id for one in digests()} == {officer.id}
    told = digests()[0].told
    assert account_mails.digest(officer, MORNING.date(), told) is False
    digest.choose(officer, "", OFFICER)
    with clock.use(lambda: MORNING + timedelta(days=2)):
        assert digest.send_due() == 0


def test_the_digest_holds_numbers_a_link_to_the_desk_and_nothing_that_opens_a_login(
    officer: Staff, asker: Asker
) -> None:
    with clock.use(lambda: MORNING - timedelta(days=9)):
        on_paper(Kind.ACCESS)
    now = clock.now()
    with clock.use(lambda: MORNING):
        digest.send_due()
    (mail,) = digests()
    mail.expires_at = now + timedelta(hours=1)
    db.session.commit()
    (passed,) = asker.passed()
    octets = Letters(asker.settings).write(passed)
    message = email.message_from_bytes(bytes(octets.wire), policy=email.policy.default)
    plain = message.get_body(("plain",))
    assert plain
    said = plain.get_content()
    assert "The desk on 25 November 2026" in said
    assert "Overdue: 1" in said
    assert "/studio/requests?lang=en" in said
    assert "/studio/password/" not in said
    forged = AccountToken(mail.delivery_id).text(link_keys(asker.settings.secret_keys))
    assert account_mails.look(forged) is None


def test_whoever_may_no_longer_answer_requests_gets_no_digest(officer: Staff) -> None:
    officer.role = Role.VIEWER.value
    db.session.commit()
    with clock.use(lambda: MORNING):
        assert digest.send_due() == 0
