"""A crowd that was laid by COPY is what the domain's own verbs would have written."""

import psycopg
import pytest
from sqlalchemy import text

from bench import crowd
from bench.ground import Ground
from bench.measure import DoesNotCount
from mailing.base.database import db
from mailing.campaigns import audience, campaigns
from mailing.campaigns.audience import Audience
from mailing.leaving import links
from mailing.people import ledger, subscribers
from mailing.people.canonical import canonical
from mailing.people.subscribers import personal_of
from mailing.policies import versions
from tests import road

pytestmark = pytest.mark.xdist_group("bench")

_OF_LEDGER = """
    SELECT kind, topic_id, policy_id, source, actor, evidence_hash, seq, octet_length(prev_hash)
    FROM ledger l JOIN subscribers s ON s.id = l.subscriber_id WHERE s.digest = :digest ORDER BY seq
"""
_OF_STANDINGS = """
    SELECT topic_id, standing, policy_id, of_everything, quarantined, refused,
        signed_up_at IS NOT NULL, signed_up_site, signed_up_form
    FROM standings st JOIN subscribers s ON s.id = st.subscriber_id WHERE s.digest = :digest
"""


@pytest.fixture
def policy(place: Ground) -> int:
    return road.lay().id


def test_every_chain_holds_and_the_audience_is_exact(place: Ground, policy: int) -> None:
    assert crowd.lay(place, policy, 120, left_every=10) == 108
    assert list(ledger.verify()) == []
    counted = audience.count(campaigns.find(road.campaign()))
    assert counted == Audience(120, 108, {"unsubscribed": 12})


def test_a_changed_entry_of_a_crowd_is_found(place: Ground, policy: int) -> None:
    crowd.lay(place, policy, 3)
    db.session.execute(text("ALTER TABLE ledger DISABLE TRIGGER USER"))
    db.session.execute(
        text("UPDATE ledger SET source = 'page' WHERE id = (SELECT min(id) FROM ledger)")
    )
    assert [told for _, _, told in ledger.verify()] == ["its content is not what was hashed"]


def test_a_person_of_a_crowd_has_the_rows_of_one_who_said_yes(place: Ground, policy: int) -> None:
    crowd.lay(place, policy, 5, left_every=5)
    road.subscribe(versions.find(policy), 1, first=5)
    laid, said = (_rows(number) for number in (4, 5))
    assert laid == said
    assert [row[0] for row in _rows(0)[0]] == ["given", "unsubscribed"]
    assert _rows(0)[1][0][1:] == (
        *("unsubscribed", policy, False, False, True),
        *(True, None, None),
    )


def test_a_person_of_a_crowd_is_found_read_and_leaves(place: Ground, policy: int) -> None:
    crowd.lay(place, policy, 2)
    found = subscribers.find(canonical(road.address(1)))
    assert found is not None
    personal = personal_of(found)
    assert personal is not None
    assert (personal.email, personal.given_name) == (road.address(1), "Аты1")
    assert links.by_token(road.leave_token(found.id), 1.0)
    assert list(ledger.verify()) == []
    assert ledger.history(found.id)[-1].kind == "unsubscribed"


def test_nobody_is_laid_twice(place: Ground, policy: int) -> None:
    crowd.lay(place, policy, 3)
    with pytest.raises(psycopg.errors.UniqueViolation):
        crowd.lay(place, policy, 3)


def test_an_address_with_another_spelling_is_no_part_of_a_crowd(
    place: Ground, policy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(road, "address", lambda number: f"Person{number}@example.com")
    with pytest.raises(DoesNotCount, match="another spelling"):
        crowd.lay(place, policy, 3)


def _rows(number: int) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    values = {"digest": subscribers.digest_of(canonical(road.address(number)))}
    found = [db.session.execute(text(query), values) for query in (_OF_LEDGER, _OF_STANDINGS)]
    entries, standings = ([tuple(row) for row in rows] for rows in found)
    return entries, standings
