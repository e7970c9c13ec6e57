"""Every public address, whoever fetches it: nothing that is fetched changes a row.

T27 (a GET unsubscribes whole companies), T28 (what machines do is counted as people's doing),
T29 (HEAD does it, too) and T32 (a scanner confirms an opt-in).
"""

import itertools
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from mailing.base.database import db
from tests.webapp.conftest import With
from tests.webapp.public.conftest import Rows, Shop, every_row
from tests.webapp.public.crowd import Crowd, gather
from tests.webapp.public.samples import (
    ACTIONS,
    QUERIES,
    SAMPLES,
    VISITORS,
    public_rules,
    without_a_sample,
)

LOOKS = ("GET", "HEAD", "OPTIONS")
Visits = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def crowd(web: Flask, shop: Shop) -> Crowd:
    return gather(web, shop)


def test_every_public_rule_has_samples(crowd: Crowd) -> None:
    missing = without_a_sample(public_rules(crowd, "GET"), "SAMPLES", set(SAMPLES))
    missing += without_a_sample(public_rules(crowd, "POST"), "ACTIONS", set(ACTIONS))
    assert missing == []
    assert set(SAMPLES) | set(ACTIONS) == public_rules(crowd, "GET") | public_rules(crowd, "POST")


def test_nothing_that_is_fetched_changes_a_row(
    client: FlaskClient, crowd: Crowd, rows: Rows
) -> None:
    """T27, T28, T29, T32: each address by each method, the visitors taking turns."""
    turns = itertools.cycle(itertools.product(VISITORS, QUERIES))
    _sweep(client, crowd, rows, lambda: [next(turns)])


@pytest.mark.soak
@pytest.mark.parametrize("visitor", VISITORS)
def test_nothing_that_any_visitor_fetches_changes_a_row(
    client: FlaskClient, crowd: Crowd, rows: Rows, visitor: str
) -> None:
    _sweep(client, crowd, rows, lambda: [(visitor, query) for query in QUERIES])


def test_the_sweep_sees_every_table_and_a_single_letter(web: Flask, shop: Shop, rows: Rows) -> None:
    before = rows()
    with web.app_context():
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert len(before) == db.session.execute(text(query)).scalar_one()
        db.session.execute(
            text("UPDATE topics SET names = jsonb_set(names, '{kk}', '\".\"') WHERE slug = 'new'")
        )
        db.session.commit()
    assert _changed(before, rows()) == ["topics"]


def test_a_get_that_writes_is_found_out(with_settings: With, web: Flask, shop: Shop) -> None:
    """The sweep itself is no use unless it fails where somebody breaks the rule."""
    crowd = gather(web, shop)
    broken = with_settings().application

    @broken.get("/kind/<token>")
    def unsubscribe_on_get(token: str) -> str:
        db.session.execute(text("UPDATE subscribers SET paused_until = now()"))
        db.session.commit()
        return "done"

    known = set(SAMPLES)
    rules = {rule.rule for rule in broken.url_map.iter_rules() if "GET" in (rule.methods or ())}
    public = {rule for rule in rules if not rule.startswith("/studio")}
    (sentence,) = without_a_sample(public, "SAMPLES", known)
    assert "/kind/<token> is public and has no sample" in sentence
    before = _hashes(broken)
    broken.test_client().get(f"/kind/{crowd.leave['valid']}")
    assert _changed(before, _hashes(broken)) == ["subscribers"]


def _sweep(client: FlaskClient, crowd: Crowd, rows: Rows, visits: Visits) -> None:
    before, figures = rows(), _figures(client)
    for rule, make in SAMPLES.items():
        for address, method in itertools.product(make(crowd, rule).values(), LOOKS):
            for visitor, query in visits():
                _look(client, f"{address}{query}", method, VISITORS[visitor])
        assert _changed(before, rows()) == [], rule
    # T28: what machines fetch is in no figure but that of machines' clicks, which is no row here.
    assert _figures(client) == figures


def _look(client: FlaskClient, address: str, method: str, headers: dict[str, str]) -> None:
    with client.open(address, method=method, headers=headers) as answer:
        is_fine = answer.status_code < 500 or address.startswith("/readyz")
        assert is_fine, (method, address, headers)


def _figures(client: FlaskClient) -> list[str]:
    return sorted(client.get("/metrics").text.splitlines())


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    return sorted(name for name in before if before[name] != after[name])


def _hashes(app: Flask) -> dict[str, str]:
    with app.app_context():
        return every_row()
