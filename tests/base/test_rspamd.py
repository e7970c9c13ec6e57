"""What rspamd answers is read as it came; whatever else answers in its place is told apart."""

import json
from dataclasses import asdict

import pytest

from mailing.base import filtering, rspamd
from mailing.base.filtering import Nonsense, Rule, Skipped, read
from mailing.base.rspamd import Trouble, Unjudged
from mailing.base.settings import Settings
from tests.peers.spam_filter import Filter, answering, recorded

RAW = b"From: a@example.com\r\nTo: b@example.com\r\n\r\nHello\r\n"


def answer(**told: object) -> bytes:
    return json.dumps({"score": 1.5, "action": "no action", **told}).encode()


def test_an_answer_of_rspamd_3_4_is_read_in_full() -> None:
    found = read(recorded("marked"))
    assert (found.score, found.action) == (6.19, "add header")
    assert (found.marks_from, found.refuses_from) == (None, 15.0), "it says the highest alone"
    assert found.rules == (
        Rule("SUBJ_ALL_CAPS", 1.73, "All capital letters in subject"),
        Rule("FAKE_REPLY", 1.0, "Fake reply"),
        Rule("HTTP_TO_IP", 1.0, "Anchor points to an IP address"),
    )
    assert filtering.from_kept(json.loads(json.dumps(asdict(found)))) == found


def test_rules_without_points_say_nothing_and_those_in_favour_are_told() -> None:
    found = read(recorded("passed"))
    assert [(rule.name, rule.points) for rule in found.rules] == [
        ("HTTP_TO_IP", 1.0),
        ("MAILLIST", -0.12),
        ("MIME_BASE64_TEXT", 0.1),
    ]


def test_newer_versions_say_each_of_their_limits() -> None:
    limits = {"reject": 12.0, "add header": 7, "greylist": 4.0}
    found = read(answer(thresholds=limits, required_score=99.0))
    assert (found.marks_from, found.refuses_from) == (7.0, 12.0)
    never = read(answer(thresholds={"add header": 7.0, "reject": None}, required_score=7.0))
    assert (never.marks_from, never.refuses_from) == (7.0, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"pong\r\n",
        b"\xff\xfe{}",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"error":"Unauthorized"}',
        answer(score=None),
        answer(score=True),
        answer(score="2.5"),
        b'{"score": NaN, "action": "no action"}',
        b'{"score": -Infinity, "action": "no action"}',
        b'{"score": 1' + b"0" * 400 + b', "action": "no action"}',
        b'{"score": 1' + b"0" * 5000 + b', "action": "no action"}',
        answer(action=None),
        answer(action=["no action"]),
        answer(action="\u0000"),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_what_is_no_verdict_is_nonsense(body: bytes) -> None:
    with pytest.raises(Nonsense):
        read(body)


def test_a_message_that_was_not_looked_at_has_no_score() -> None:
    with pytest.raises(Skipped):
        read(answer(is_skipped=True, score=0.0))


def test_odd_rules_neither_spoil_the_verdict_nor_reach_a_database() -> None:
    odd = {
        "A": {"score": 9.0, "description": "two\nlines \u0000\ud800 and \u202e more"},
        "B": {"score": 8.0, "description": ["no", "words"]},
        "L" * 500: {"score": 7.0, "description": "w" * 5000},
        "C": {"score": "6"},
        "D": "none",
        "E": {"score": 0.001},
        "\u0007": {"score": 99},
    }
    rules = read(answer(symbols=odd)).rules
    assert rules[:2] == (Rule("A", 9.0, "two lines and more"), Rule("B", 8.0))
    assert (len(rules[2].name), len(rules[2].words)) == (80, 240)
    assert read(answer(symbols=["A"])).rules == ()


def trouble(own: Filter, settings: Settings) -> Trouble:
    return trouble_at(own.url, settings)


def trouble_at(url: str, settings: Settings) -> Trouble:
    with pytest.raises(Unjudged) as raised:
        rspamd.judge(RAW, "b@example.com", settings.model_copy(update={"rspamd_url": url}))
    return raised.value.trouble


@pytest.mark.parametrize(
    ("status", "found"),
    [(401, "locked"), (403, "locked"), (302, "nonsense"), (404, "nonsense"), (500, "nonsense")],
)
def test_each_status_that_is_no_answer_has_its_trouble(
    settings: Settings, status: int, found: str
) -> None:
    with answering(recorded("passed"), status) as own:
        assert trouble(own, settings) == found


def test_whoever_is_silent_or_drips_is_hung_up_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rspamd, "SECONDS", 0.3)
    with answering(recorded("passed")) as own:
        own.seconds = 60
        assert trouble(own, settings) == "slow"
        own.seconds, own.drips = 0, True
        assert trouble(own, settings) == "slow"


def test_an_answer_without_end_is_not_read_to_its_end(settings: Settings) -> None:
    with answering(b" " * (rspamd.LARGEST_ANSWER + 10) + recorded("passed")) as own:
        assert trouble(own, settings) == "nonsense"


def test_nobody_at_the_address_is_told_apart_from_a_stranger(settings: Settings) -> None:
    assert trouble_at("http://127.0.0.1:9", settings) == "away"
    assert trouble_at("http://nobody.invalid:11333", settings) == "away"


def test_the_message_goes_out_octet_by_octet_and_a_password_only_where_there_is_one(
    settings: Settings,
) -> None:
    with answering(recorded("passed")) as own:
        for password in (None, "a secret"):
            told = {"rspamd_url": own.url, "rspamd_password": password}
            rspamd.judge(RAW, "b@example.com", settings.model_copy(update=told))
        assert [(path, body) for path, _, body in own.shown] == [("/checkv2", RAW)] * 2
        assert [headers["Password"] for _, headers, _ in own.shown] == [None, "a secret"]
