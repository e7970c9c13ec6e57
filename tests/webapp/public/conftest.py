"""An operator with a policy, two topics and a form; and what the database holds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from mailing.base.database import db
from mailing.people import forms, topics
from mailing.policies import versions
from mailing.policies.versions import NewText

DATA = Path(__file__).parents[2] / "data"

Rows = Callable[[], dict[str, str]]


@dataclass(frozen=True)
class Shop:
    """What stands behind the pages."""

    policy: int
    path: str = "/join/news"
    origin: str = "https://shop.example"

    def post(self, **changes: object) -> dict[str, object]:
        """A well-formed post, changed by the test."""
        good = {"email": "aigerim@example.com", "topic": "offers", "policy": str(self.policy)}
        return {**good, "language": "en", **changes}


@pytest.fixture
def shop(web: Flask) -> Shop:
    """The policy as it was published, in force; topics; a form that one site may post to."""
    return open_shop(web)


def open_shop(web: Flask) -> Shop:
    """What `shop` is."""
    with web.app_context():
        content = (DATA / "policy-kk.txt").read_bytes()
        kept = versions.import_text(content, NewText("kk", date(2024, 10, 1)))
        versions.publish(versions.find(kept.policy_id))
        topics.add("new", "products_services", "Жаңа өнімдер", "Новинки", "New products")
        topics.add("offers", "special_offers", "Ұсыныстар", "Предложения", "Offers")
        forms.add("news", ["https://shop.example"], ["new", "offers"])
        db.session.commit()
        return Shop(policy=kept.policy_id)


@pytest.fixture
def rows(web: Flask) -> Rows:
    """A look at every row of every table, to see whether anything changed."""

    def fingerprint() -> dict[str, str]:
        with web.app_context():
            return every_row()

    return fingerprint


def every_row() -> dict[str, str]:
    """A hash of all rows of each table, by one question."""
    named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    asked = [_HASH_OF.format(name) for name in db.session.execute(text(named)).scalars()]
    found = db.session.execute(text(" UNION ALL ".join(asked)))
    return {str(row[0]): str(row[1]) for row in found}


_HASH_OF = """
    SELECT '{0}', md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM "{0}" t
"""
