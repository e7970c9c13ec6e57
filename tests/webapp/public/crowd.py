"""Everybody whose links the sweeps try: one person for each thing that can have happened.

`leave` holds tokens of the kind that stands in every mail (`/u/<token>`, and whatever other page
takes the same token); `request` holds tokens of opt-in requests. A key that begins with "forged"
marks a token that is not ours, or not of that kind: it must be answered like any other nonsense.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select, text

from mailing.base import clock
from mailing.base.database import db
from mailing.base.settings import current
from mailing.base.tokens import AddressToken, ClaimToken, InquiryToken, LeaveToken, link_keys
from mailing.campaigns import campaigns, counting, images
from mailing.campaigns.content import Content
from mailing.deliveries import answers, stamps
from mailing.deliveries.answers import AnswerKind, NewAnswer
from mailing.deliveries.counted_links import CountedLink
from mailing.leaving.leave import Leaving, leave
from mailing.leaving.receipts import StoredReceipt
from mailing.leaving.scope import Scope
from mailing.people import suppression, topics
from mailing.people.address_changes import AddressChange
from mailing.people.ledger import Kind
from mailing.people.subscribers import Subscriber
from mailing.people.suppression import Why
from mailing.policies import versions
from mailing.requests import certificates, inquiries, moving, saying
from mailing.requests.bundles import making, releasing
from mailing.requests.bundles import state as bundles
from mailing.requests.bundles.state import NewBundle
from mailing.requests.inquiries import What
from mailing.requests.kinds import Kind as Wish
from mailing.requests.requests import NewRequest, open_request
from tests.campaigns.test_images import file
from tests.requests.destroying import destroyed
from tests.road import ACTOR
from tests.webapp.public.conftest import Shop
from tests.webapp.public.people import Asked, ask, say_yes

Tokens = dict[str, str]
FOREIGN_KEYS = ("a key that was never on our ring",)


@dataclass(frozen=True)
class Crowd:
    """What stands behind the pages, and the tokens of everybody's links."""

    web: Flask
    shop: Shop
    leave: Tokens
    request: Tokens
    change: Tokens
    claim: Tokens
    inquiry: Tokens
    draft_policy: int
    sha256: str
    image: str
    certificate: str
    receipt: str
    bundle: Tokens
    counted: str


def gather(web: Flask, shop: Shop) -> Crowd:
    """Let everything happen to somebody."""
    people = _people(web, shop)
    requests = _requests(web, shop)
    with web.app_context():
        leaving = _leave_tokens(people)
        other, opted = leaving["valid"], requests["valid"]
        leaving |= {"cancels a request": people["cancels"].cancel, **forged(other, opted)}
        requests |= forged(opted, other) | {"forged: cancels": people["cancels"].cancel}
        draft, digest = _draft_policy(), versions.texts(versions.find(str(shop.policy)))[0].sha256
        leaving["that was asked for"] = asked_for = _fresh_token(people["valid"].subscriber)
        changes = _change_tokens(asked_for) | forged(opted, other)
        claims = _claim_tokens(people) | forged(opted, other)
        asked = _inquiry_tokens(people) | forged(opted, other)
        bundle = _bundle_tokens(people["valid"].subscriber) | forged(opted, other)
        certificate = certificates.newest()
        assert certificate is not None
        mails = (leaving, requests, changes, claims, asked)
        files = (_image(), certificate.number, _receipt())
        return Crowd(web, shop, *mails, draft, digest, *files, bundle, a_counted_link())


def a_counted_link(target: str = "https://shop.example/new?a=1&b=2") -> str:
    """The token of a link that is counted, in a campaign that has started."""
    counting.switch(True, ACTOR)
    draft = campaigns.create("offers", Content("kk", "Хат", f"[Дүкен]({target})"), ACTOR)
    draft.counts_clicks, draft.started_at = True, clock.now()
    token = secrets.token_urlsafe(9)
    link = CountedLink(token=token, campaign_id=draft.id, language="kk", number=1)
    link.target, link.words = target, "Дүкен"
    db.session.add(link)
    db.session.commit()
    return token


def _bundle_tokens(subscriber: UUID) -> Tokens:
    """The links to a bundle that is ready, to one that was taken, and to one that expired."""
    found = {}
    for name in ("ready", "taken", "over"):
        bundle = bundles.ask(NewBundle(subscriber, is_by_person=True))
        db.session.commit()
        making.work_on(bundle.id)
        found[name] = releasing.link_of(bundle) or ""
    assert releasing.take(found["taken"])
    db.session.execute(text(_OVER))
    db.session.commit()
    return found


_OVER = """
    UPDATE bundles SET state = 'expired', expires_at = now()
    WHERE created_at = (SELECT max(created_at) FROM bundles)
"""


def _receipt() -> str:
    """The number of what somebody was told who left."""
    return str(db.session.scalar(select(StoredReceipt.id).limit(1)))


def _image() -> str:
    name = images.keep(file("PNG"), "logo.png", ACTOR)
    db.session.commit()
    return name


def forged(good: str, of_another_kind: str) -> Tokens:
    """What somebody makes of a good token who does not have our keys."""
    flipped = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    begun_otherwise = ("A" if good[0] != "A" else "B") + good[1:]
    stranger = LeaveToken(uuid4(), 1, uuid4()).text(link_keys(FOREIGN_KEYS))
    made = {
        "last bits flipped": flipped,
        "first bits flipped": begun_otherwise,
        "cut short": good[:-1],
        "half": good[: len(good) // 2],
        "prolonged": f"{good}A",
        "padded": f"{good}=",
        "in capitals": good.upper(),
        "of another kind": of_another_kind,
        "sealed with a foreign key": stranger,
        "a word": "x",
        "dots": "...",
        "in Kazakh": "қол-таңба",
        "very long": "A" * 3000,
        "not UTF-8": "%FF%FE",
        "markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "a template": "%7B%7B7*7%7D%7D",
        "SQL": "'%20OR%20'1'='1",
    }
    return {f"forged: {how}": token for how, token in made.items()}


def _people(web: Flask, shop: Shop) -> dict[str, Asked]:
    yes = ("valid", "used", "left all", "withdrawn", "destroyed", "blocked", "complained")
    found = {
        name: say_yes(web, shop.policy, "new", "offers", address=f"{_slug(name)}@example.com")
        for name in yes
    }
    found["cancels"] = ask(web, shop.policy, "offers", address="cancels@example.com")
    with web.app_context():
        for name, act in _HAPPENS.items():
            act(db.session.get_one(Subscriber, found[name].subscriber))
            db.session.commit()
    return found


def _leave_one(row: Subscriber) -> None:
    leave(Leaving(row.id, Scope.of_topics(topics.find("offers").id), patience=0))


def _leave_all(row: Subscriber) -> None:
    leave(Leaving(row.id, Scope.everything(), patience=0))


def _withdraw(row: Subscriber) -> None:
    leave(Leaving(row.id, Scope.everything(), Kind.WITHDRAWN, "page", patience=0))


def _block(row: Subscriber) -> None:
    leave(Leaving(row.id, Scope.everything(), Kind.BLOCKED, "mail", patience=0))


def _complain(row: Subscriber) -> None:
    suppression.suppress(row.digest, Why.COMPLAINT)


def _destroy(row: Subscriber) -> None:
    destroyed(row.id)


_HAPPENS = {
    "used": _leave_one,
    "left all": _leave_all,
    "withdrawn": _withdraw,
    "destroyed": _destroy,
    "blocked": _block,
    "complained": _complain,
}


def _leave_tokens(people: dict[str, Asked]) -> Tokens:
    offers, notices = topics.find("offers").id, topics.find(topics.NOTICES).id
    valid = people["valid"].subscriber
    tokens = {name: _leave_token(people[name].subscriber, offers) for name in _HAPPENS}
    preview = stamps.sample_stamp(current()).leave_url.rpartition("/")[2]
    return {
        "valid": _leave_token(valid, offers, _delivery_of(valid)),
        **tokens,
        "of the notices": _leave_token(valid, notices),
        "whose campaign is gone": _leave_token(valid, offers, uuid4()),
        "whose topic is gone": _leave_token(valid, 999_999),
        "of nobody we know": _leave_token(uuid4(), offers),
        "of a preview": preview,
    }


def _leave_token(subscriber: UUID, topic_id: int, delivery: UUID | None = None) -> str:
    token = LeaveToken(subscriber, topic_id, delivery or uuid4())
    return token.text(link_keys(current().secret_keys))


def _fresh_token(subscriber: UUID) -> str:
    """A link that was mailed because its person asked for it, a moment ago."""
    written = answers.write(NewAnswer(subscriber, AnswerKind.LINK, answers.FRESH_FOR))
    db.session.commit()
    return _leave_token(subscriber, topics.find(topics.NOTICES).id, written)


def _change_tokens(asked_for: str) -> Tokens:
    """The two ends of an address change that is open, and of one that was stopped by it."""
    keys, tokens = link_keys(current().secret_keys), {}
    for name in ("stopped", "open"):
        moving.ask(asked_for, f"{name}@example.org")
        db.session.commit()
        newest = select(AddressChange.id).order_by(AddressChange.created_at.desc()).limit(1)
        change = db.session.scalars(newest).one()
        for end in ("old", "new"):
            tokens[f"{name}, {end} end"] = AddressToken(change, end).text(keys)
    return tokens


def _claim_tokens(people: dict[str, Asked]) -> Tokens:
    """A claim that waits, one that was confirmed, one that was lifted; and a mail that is none."""
    whose = {"open": "blocked", "withdrawn": "withdrawn", "lifted": "valid", "gone": "destroyed"}
    keys, tokens = link_keys(current().secret_keys), {}
    for name, person in whose.items():
        subscriber = people[person].subscriber
        written = answers.write(NewAnswer(subscriber, AnswerKind.CLAIM, answers.FRESH_FOR))
        tokens[name] = ClaimToken(subscriber, written).text(keys)
    valid = people["valid"].subscriber
    tokens["forged: of a mail that asks nothing"] = ClaimToken(valid, uuid4()).text(keys)
    db.session.commit()
    return tokens


def _inquiry_tokens(people: dict[str, Asked]) -> Tokens:
    """Questions of the desk: was it you, is this right; answered, and one whose time is over."""
    valid, tokens = people["valid"].subscriber, {}
    wishes = {"surname": "Оспан"}
    for name, what in (("open", What.IDENTITY), ("used", What.IDENTITY), ("correction", None)):
        asked = open_request(NewRequest(Wish.RECTIFICATION, subscriber_id=valid, language="ru"))
        kind = what or What.CORRECTION
        inquiry = inquiries.begin(kind, asked.id, valid, None if what else wishes)
        tokens[name] = InquiryToken(inquiry.id).text(link_keys(current().secret_keys))
    saying.say(tokens["used"], is_yes=True)
    tokens["expired"] = _over(valid)
    tokens["forged: of nothing"] = InquiryToken(uuid4()).text(link_keys(current().secret_keys))
    db.session.commit()
    return tokens


def _over(subscriber: UUID) -> str:
    asked = open_request(NewRequest(Wish.ACCESS, subscriber_id=subscriber))
    inquiry = inquiries.begin(What.IDENTITY, asked.id, subscriber)
    inquiry.expires_at = inquiry.asked_at
    return InquiryToken(inquiry.id).text(link_keys(current().secret_keys))


def _delivery_of(subscriber: UUID) -> UUID:
    query = text("SELECT id FROM deliveries WHERE subscriber_id = :person LIMIT 1")
    found: UUID = db.session.execute(query, {"person": subscriber}).scalar_one()
    return found


def _requests(web: Flask, shop: Shop) -> Tokens:
    """Requests that are open, confirmed, cancelled, and older than seven days."""
    policy: Any = shop.policy
    asked = {
        name: ask(web, policy, "new", address=f"request-{name}@example.com")
        for name in ("valid", "cancelled", "expired")
    }
    used = say_yes(web, policy, "new", address="request-used@example.com")
    client = web.test_client()
    assert client.post(f"/u/{asked['cancelled'].cancel}").status_code == 200
    with web.app_context():
        past = "UPDATE optins SET expires_at = now() - interval '1 s' WHERE subscriber_id = :id"
        db.session.execute(text(past), {"id": asked["expired"].subscriber})
        db.session.commit()
    return {name: one.confirm for name, one in asked.items()} | {"used": used.confirm}


def _draft_policy() -> int:
    """A version that nobody has published: the public must not see it."""
    query = (
        "INSERT INTO policy_versions (label, effective_on, purposes, fields) "
        "SELECT 'draft', effective_on + 1, purposes, fields FROM policy_versions "
        "LIMIT 1 RETURNING id"
    )
    found: int = db.session.execute(text(query)).scalar_one()
    db.session.commit()
    return found


def _slug(name: str) -> str:
    return name.replace(" ", "-")
